import { reactive, watch } from 'vue'

/* What a reader has chosen for this browser. /theme.js reads theme, contrast and navigation before the first paint. */

export type Theme = 'system' | 'light' | 'dark'
export type Contrast = 'system' | 'more' | 'normal'

export const THEMES: readonly Theme[] = ['system', 'light', 'dark']
export const CONTRASTS: readonly Contrast[] = ['system', 'more', 'normal']

function stored<T extends string>(key: string, known: readonly T[], initial: T): T {
  const value = localStorage.getItem(key) as T | null
  return value !== null && known.includes(value) ? value : initial
}

const ON_OFF = ['on', 'off'] as const

export const preferences = reactive({
  theme: stored('roost.theme', THEMES, 'system'),
  contrast: stored('roost.contrast', CONTRASTS, 'system'),
  shortcuts: stored('roost.shortcuts', ON_OFF, 'on') === 'on',
  wideNav: stored('roost.nav', ON_OFF, 'on') === 'on',
})

function onOff(value: boolean): string {
  return value ? 'on' : 'off'
}

watch(
  preferences,
  (now) => {
    localStorage.setItem('roost.theme', now.theme)
    localStorage.setItem('roost.contrast', now.contrast)
    localStorage.setItem('roost.shortcuts', onOff(now.shortcuts))
    localStorage.setItem('roost.nav', onOff(now.wideNav))
    document.documentElement.dataset.theme = now.theme
    document.documentElement.dataset.contrast = now.contrast
    document.documentElement.dataset.shortcuts = onOff(now.shortcuts)
  },
  { flush: 'sync', immediate: true },
)
