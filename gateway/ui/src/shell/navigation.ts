import { ref } from 'vue'
import type { Router } from 'vue-router'
import { SECTIONS } from './nav'

/* A navigation that takes longer than an instant: its code is still on the way. */
export const isNavigating = ref(false)

const INSTANT_MS = 120
/* The first page with its data goes first. */
const PREFETCH_AFTER_MS = 3000

export function showProgress(router: Router): void {
  let timer: number | undefined
  router.beforeEach(() => {
    window.clearTimeout(timer)
    timer = window.setTimeout(() => {
      isNavigating.value = true
    }, INSTANT_MS)
  })
  const stop = () => {
    window.clearTimeout(timer)
    isNavigating.value = false
  }
  router.afterEach(stop)
  router.onError(stop)
}

/* Loads the code of the palette and of the other sections while there is nothing else to do, so that going there takes no time. */
export function prefetchPages(router: Router): void {
  const connection = (navigator as { connection?: { saveData?: boolean } }).connection
  if (connection?.saveData) {
    return
  }
  const load = () => {
    void import('./palette.vue').catch(() => undefined)
    for (const section of SECTIONS) {
      const page = router.resolve(section.to).matched.at(-1)?.components?.default
      if (typeof page === 'function') {
        void (page as () => Promise<unknown>)().catch(() => undefined)
      }
    }
  }
  setTimeout(() => {
    if ('requestIdleCallback' in window) {
      window.requestIdleCallback(load, { timeout: 5000 })
    } else {
      load()
    }
  }, PREFETCH_AFTER_MS)
}
