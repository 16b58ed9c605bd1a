import { onBeforeUnmount, onMounted, watch, type Ref } from 'vue'

/**
 * A native <dialog> that follows a prop. `leave` is asked whenever the reader wants out (Escape, backdrop, the browser's
 * back gesture); the dialog closes only when the prop says so. The browser keeps the focus inside and gives it back.
 * A patient one, which may come long after it was asked for, does not cover what the reader has called up since
 * (`data-above`): it waits until that is gone.
 */
export function useModal(
  dialog: Ref<HTMLDialogElement | null>,
  open: () => boolean,
  leave: () => void,
  isPatient = false,
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
    const above = isPatient && document.querySelector('dialog[data-above][open]')
    if (above) {
      above.addEventListener('close', follow, { once: true })
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
