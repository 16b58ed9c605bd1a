import {
  mdiAccountCircleOutline,
  mdiAccountMultipleOutline,
  mdiChartDonut,
  mdiGauge,
  mdiSwapHorizontal,
  mdiWeb,
} from '@mdi/js'
import { computed } from 'vue'
import type { RouteLocationRaw } from 'vue-router'
import { useSession } from './session'

/* The sections of the interface. A page belongs to the section whose path it begins with. */
export interface Section {
  key: string
  to: string
  icon: string
  group: 'start' | 'mail' | 'delivery' | 'me'
  /* After `g`. */
  letter: string
  /* What `n` makes there. */
  create?: RouteLocationRaw
  everyone?: boolean
}

export const SECTIONS: readonly Section[] = [
  { key: 'dashboard', to: '/', icon: mdiGauge, group: 'start', letter: 'h' },
  {
    key: 'domains',
    to: '/domains',
    icon: mdiWeb,
    group: 'mail',
    letter: 'd',
    create: '/domains/new',
  },
  {
    key: 'identities',
    to: '/identities',
    icon: mdiAccountMultipleOutline,
    group: 'mail',
    letter: 'i',
    create: { path: '/identities', query: { new: 'account' } },
  },
  { key: 'quotas', to: '/quotas', icon: mdiChartDonut, group: 'mail', letter: 'q' },
  { key: 'operations', to: '/operations', icon: mdiSwapHorizontal, group: 'delivery', letter: 'o' },
  {
    key: 'account',
    to: '/account',
    icon: mdiAccountCircleOutline,
    group: 'me',
    letter: 'a',
    everyone: true,
  },
]

export function sectionOf(path: string): Section | undefined {
  return SECTIONS.find(
    (section) => path === section.to || (section.to !== '/' && path.startsWith(`${section.to}/`)),
  )
}

export function useSections() {
  const { isSuperAdmin } = useSession()
  return computed(() => SECTIONS.filter((section) => section.everyone || isSuperAdmin.value))
}
