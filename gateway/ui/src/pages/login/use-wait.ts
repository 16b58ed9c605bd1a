import { onScopeDispose, ref } from 'vue'

/* Counts down the seconds until the server takes another attempt. */
export function useWait() {
  const seconds = ref(0)
  let timer: number | undefined

  function stop(): void {
    window.clearInterval(timer)
    seconds.value = 0
  }

  function start(wanted: number): void {
    stop()
    const end = Date.now() + wanted * 1000
    seconds.value = wanted
    timer = window.setInterval(() => {
      seconds.value = Math.max(0, Math.ceil((end - Date.now()) / 1000))
      if (seconds.value === 0) {
        stop()
      }
    }, 500)
  }

  onScopeDispose(stop)
  return { seconds, start }
}
