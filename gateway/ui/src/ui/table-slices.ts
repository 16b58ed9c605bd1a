import { computed, onScopeDispose, ref, watch, type ComputedRef } from 'vue'

/* About the height of the least card. */
const CARD_PX = 170
const PHONE = '(max-width: 700px)'
const SLICE_MS = 6

/**
 * The first rows on a phone are drawn a screenful at first, and the others in pauses: drawing all of them takes longer than a
 * tap should wait. Only where rows are cards, which take no width from each other, and below what is seen: nothing moves.
 */
export function useSlices<T>(rows: () => readonly T[]): {
  drawn: ComputedRef<readonly T[]>
  isPartial: ComputedRef<boolean>
} {
  const limit = ref(Infinity)
  let task: number | undefined

  function stop(): void {
    if (task !== undefined) {
      window.cancelIdleCallback(task)
    }
  }

  function more(deadline: IdleDeadline): void {
    limit.value += deadline.timeRemaining() > SLICE_MS ? 2 : 1
    plan()
  }

  function plan(): void {
    if (limit.value < rows().length) {
      task = window.requestIdleCallback(more, { timeout: 100 })
    } else {
      limit.value = Infinity
    }
  }

  watch(
    () => rows().length,
    (now, before = 0) => {
      stop()
      if (now > 0 && before === 0 && 'requestIdleCallback' in window && matchMedia(PHONE).matches) {
        limit.value = Math.ceil(window.innerHeight / CARD_PX)
        plan()
      } else if (now === 0) {
        limit.value = Infinity
      }
    },
    { immediate: true, flush: 'sync' },
  )
  onScopeDispose(stop)
  return {
    drawn: computed(() => (rows().length > limit.value ? rows().slice(0, limit.value) : rows())),
    isPartial: computed(() => rows().length > limit.value),
  }
}
