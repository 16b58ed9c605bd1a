import { onScopeDispose, reactive, watch, type Ref } from 'vue'
import type { RouteLocationNormalized, Router } from 'vue-router'

type IsKept = () => boolean

/* Forms with changes that are not saved yet, and whether a reload keeps those. */
const dirty = new Map<symbol, IsKept>()

/* The question whether to leave: open while the router waits for its answer. */
export const leaving = reactive({ open: false })
let answer: ((leave: boolean) => void) | null = null

export function answerLeaving(leave: boolean): void {
  leaving.open = false
  answer?.(leave)
  answer = null
}

export function askToLeave(): Promise<boolean> {
  answer?.(false)
  leaving.open = true
  return new Promise((resolve) => {
    answer = resolve
  })
}

function warn(event: BeforeUnloadEvent): void {
  event.preventDefault()
}

function mark(id: symbol, isDirty: boolean, isKept: IsKept = () => false): void {
  if (isDirty) {
    dirty.set(id, isKept)
  } else {
    dirty.delete(id)
  }
  window.removeEventListener('beforeunload', warn)
  if (dirty.size > 0) {
    window.addEventListener('beforeunload', warn)
  }
}

export function hasUnsaved(): boolean {
  return dirty.size > 0
}

/* Before a reload that the page itself offers: the browser need not warn of a loss where there is none. */
export function easeReload(): void {
  if ([...dirty.values()].every((isKept) => isKept())) {
    window.removeEventListener('beforeunload', warn)
  }
}

/* While `isDirty` holds, leaving the page asks first. */
export function useUnsaved(isDirty: Ref<boolean> | (() => boolean), isKept?: IsKept): void {
  const id = Symbol('unsaved')
  watch(isDirty, (value) => mark(id, value, isKept), { immediate: true, flush: 'sync' })
  onScopeDispose(() => mark(id, false))
}

/* Another tab of the same object, on a page that keeps its forms meanwhile. */
function keepsForms(to: RouteLocationNormalized, from: RouteLocationNormalized): boolean {
  return to.meta.keepsForms === true && to.name === from.name && to.params.pk === from.params.pk
}

export function guardUnsaved(router: Router): void {
  router.beforeEach((to, from) => {
    if (to.path === from.path || keepsForms(to, from) || !hasUnsaved() || to.meta.bare) {
      return true
    }
    return askToLeave()
  })
}
