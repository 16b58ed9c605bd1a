import { onBeforeUnmount, onMounted, watch, type Ref } from 'vue'

/**
 * A native <dialog> that follows a prop. `leave` is asked whenever the reader wants out (Escape, backdrop, the browser's
 * back gesture); the dialog closes only when the prop says so. The browser keeps the focus inside and gives it back.
 */
export function useModal(
  dialog: Ref<HTMLDialogElement | null>,
  open: () => boolean,
  leave: () => void,
) {
  let pressedOutside = false

  function follow(): void {
    const element = dialog.value
    if (!element || element.open === open()) {
      return
    }
    if (!open()) {
      element.close()
      return
    }
    element.showModal()
    if (!element.querySelector('[autofocus]')) {
      element.querySelector<HTMLElement>('[data-title]')?.focus()
    }
  }

  onMounted(follow)
  watch(open, follow, { flush: 'post' })
  onBeforeUnmount(() => dialog.value?.open && dialog.value.close())

  return {
    on: {
      cancel: (event: Event) => {
        if (event.target === dialog.value) {
          event.preventDefault()
          leave()
        }
      },
      close: (event: Event) => {
        /* Browsers let a second Escape through; the answer to `leave` still decides. */
        if (event.target === dialog.value && open()) {
          leave()
          follow()
        }
      },
      pointerdown: (event: PointerEvent) => {
        pressedOutside = event.target === dialog.value
      },
      click: (event: MouseEvent) => {
        if (pressedOutside && event.target === dialog.value) {
          leave()
        }
        pressedOutside = false
      },
    },
  }
}
