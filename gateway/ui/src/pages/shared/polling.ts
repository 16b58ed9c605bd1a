import { onScopeDispose, watch } from 'vue'

/** Calls `run` every so often while `active` says so and somebody looks at the page; never twice at a time. */
export function usePolling(
  active: () => boolean,
  seconds: number,
  run: () => Promise<unknown>,
): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let stopped = false

  function plan(): void {
    clearTimeout(timer)
    if (!stopped && active() && !document.hidden) {
      timer = setTimeout(() => void tick(), seconds * 1000)
    }
  }

  async function tick(): Promise<void> {
    try {
      await run()
    } catch {
      /* Whoever shows the data shows its error; the next round may do better. */
    }
    plan()
  }

  watch(active, plan, { immediate: true })
  document.addEventListener('visibilitychange', plan)
  onScopeDispose(() => {
    stopped = true
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', plan)
  })
}
