import { onScopeDispose, reactive } from 'vue'
import type { Router } from 'vue-router'
import { SECTIONS, sectionOf } from './nav'
import { preferences } from './preferences'
import { useSession } from './session'

/* What is open in the shell. */
export const panels = reactive({ palette: false, help: false, apiCall: false })

const SEQUENCE_MS = 1200

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.matches(
        'input:not([type=checkbox]):not([type=radio]), textarea, select, [role=textbox]',
      ))
  )
}

function hasDialog(): boolean {
  return document.querySelector('dialog[open]') !== null
}

/* Ctrl+Enter: the form around the focus, else the only one of the dialog on top. */
export function submitForm(): boolean {
  const focus = document.activeElement
  const dialog = [...document.querySelectorAll<HTMLElement>('dialog[open]')].at(-1)
  const form =
    focus?.closest('form') ?? (dialog ?? document).querySelector('main form, dialog form')
  if (!(form instanceof HTMLFormElement)) {
    return false
  }
  form.requestSubmit()
  return true
}

/* `/`: the page's own search, else the one for everything. */
function focusSearch(): void {
  const field = document.querySelector<HTMLInputElement>('main input[type=search]')
  if (field) {
    field.focus()
    field.select()
  } else {
    panels.palette = true
  }
}

function press(key: string, router: Router): boolean {
  const { isSuperAdmin } = useSession()
  if (key === '?') {
    panels.help = true
  } else if (key === '/') {
    focusSearch()
  } else if (key === 'n' && isSuperAdmin.value) {
    const create = sectionOf(router.currentRoute.value.path)?.create
    if (!create) {
      return false
    }
    void router.push(create)
  } else {
    return false
  }
  return true
}

/* Single keys work only outside of fields and dialogs, and can be switched off (WCAG 2.1.4). */
export function useShortcuts(router: Router): void {
  let goSince = 0

  function withControl(event: KeyboardEvent): boolean {
    if (event.key.toLowerCase() === 'k' && !event.shiftKey && !event.altKey) {
      panels.palette = !panels.palette
      return true
    }
    return event.key === 'Enter' && submitForm()
  }

  function alone(event: KeyboardEvent): boolean {
    const isGo = Date.now() - goSince < SEQUENCE_MS
    goSince = 0
    if (isGo) {
      const section = SECTIONS.find((one) => one.letter === event.key)
      if (section) {
        void router.push(section.to)
      }
      return section !== undefined
    }
    if (event.key === 'g') {
      goSince = Date.now()
      return true
    }
    return press(event.key, router)
  }

  function onKey(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing) {
      return
    }
    let isUsed = false
    if (event.ctrlKey || event.metaKey) {
      isUsed = withControl(event)
    } else if (preferences.shortcuts && !event.altKey && !isTyping(event.target) && !hasDialog()) {
      isUsed = alone(event)
    }
    if (isUsed) {
      event.preventDefault()
    }
  }

  document.addEventListener('keydown', onKey)
  onScopeDispose(() => document.removeEventListener('keydown', onKey))
}
