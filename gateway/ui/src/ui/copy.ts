import { onBeforeUnmount, ref } from 'vue'

const SHOWN_MS = 2000

/** Puts text on the clipboard and says for a moment whether that worked. */
export function useCopy() {
  const state = ref<'idle' | 'copied' | 'failed'>('idle')
  let timer: ReturnType<typeof setTimeout> | undefined

  async function copy(text: string): Promise<void> {
    clearTimeout(timer)
    try {
      await navigator.clipboard.writeText(text)
      state.value = 'copied'
    } catch {
      state.value = 'failed'
    }
    timer = setTimeout(() => {
      state.value = 'idle'
    }, SHOWN_MS)
  }

  onBeforeUnmount(() => clearTimeout(timer))

  return { state, copy }
}
