import { computed, onScopeDispose, ref, watch, type ComputedRef, type Ref } from 'vue'
import { useStep } from '@/lib/steps'

/* About the height of the least card; the page's head and the filters take the rest of the first screen. */
const CARD_PX = 170
const SHARE = 0.7
const PHONE = '(max-width: 700px)'
const SLICE_MS = 6

/**
 * The first rows on a phone are drawn one by one, shown with the screenful, and the others drawn in pauses: drawing all of them
 * takes longer than a tap should wait. Only where rows are cards, which take no width from each other, and below what is seen:
 * nothing moves.
 */
export function useSlices(n_rows: () => number): {
  /* The table itself, after what is above it. */
  isDrawn: Readonly<Ref<boolean>>
  n_drawn: ComputedRef<number>
  isPartial: ComputedRef<boolean>
  /* The screenful is not whole: no row is shown. */
  isHeld: ComputedRef<boolean>
} {
  const limit = ref(Infinity)
  const screenful = Math.ceil((window.innerHeight * SHARE) / CARD_PX)
  let task: number | undefined
  let timer: number | undefined

  function stop(): void {
    window.clearTimeout(timer)
    if (task !== undefined) {
      window.cancelIdleCallback(task)
    }
  }

  function more(deadline: IdleDeadline): void {
    limit.value += deadline.timeRemaining() > SLICE_MS ? 2 : 1
    plan()
  }

  function next(): void {
    limit.value++
    plan()
  }

  function plan(): void {
    if (limit.value < Math.min(screenful, n_rows())) {
      timer = window.setTimeout(next)
    } else if (limit.value < n_rows()) {
      task = window.requestIdleCallback(more, { timeout: 100 })
    } else {
      limit.value = Infinity
    }
  }

  watch(
    n_rows,
    (now, before = 0) => {
      stop()
      if (now > 0 && before === 0 && 'requestIdleCallback' in window && matchMedia(PHONE).matches) {
        limit.value = 1
        plan()
      } else if (now === 0) {
        limit.value = Infinity
      }
    },
    { immediate: true, flush: 'sync' },
  )
  onScopeDispose(stop)
  return {
    isDrawn: useStep(7),
    n_drawn: computed(() => Math.min(limit.value, n_rows())),
    isPartial: computed(() => limit.value < n_rows()),
    isHeld: computed(() => limit.value < Math.min(screenful, n_rows())),
  }
}
