import { onBeforeUnmount, ref, type Ref } from 'vue'

const GAP = 6
const EDGE = 8

/** Puts `popup` (position: fixed) below or above `anchor`, wherever it fits, in the middle or with their ends in line. */
export function place(popup: HTMLElement, anchor: HTMLElement, align: 'middle' | 'end'): void {
  const a = anchor.getBoundingClientRect()
  const p = popup.getBoundingClientRect()
  const below = a.bottom + GAP + p.height <= window.innerHeight
  const top = below ? a.bottom + GAP : Math.max(EDGE, a.top - GAP - p.height)
  const rtl = getComputedStyle(anchor).direction === 'rtl'
  const wanted =
    align === 'middle' ? a.left + a.width / 2 - p.width / 2 : rtl ? a.left : a.right - p.width
  const left = Math.max(EDGE, Math.min(wanted, window.innerWidth - p.width - EDGE))
  popup.style.setProperty('top', `${top}px`)
  popup.style.setProperty('left', `${left}px`)
}

/**
 * A hint that appears in the top layer, so that no dialog or scrolling box can cover or cut it. It stays while the
 * pointer is on it, and Escape takes it away (WCAG 1.4.13).
 */
export function useHint(anchor: Ref<HTMLElement | null>, popup: Ref<HTMLElement | null>) {
  const shown = ref(false)
  let timer: ReturnType<typeof setTimeout> | undefined

  function show(): void {
    clearTimeout(timer)
    if (shown.value || !popup.value || !anchor.value) {
      return
    }
    popup.value.showPopover?.()
    place(popup.value, anchor.value, 'middle')
    shown.value = true
    document.addEventListener('keydown', hide, true)
  }

  function hide(): void {
    clearTimeout(timer)
    document.removeEventListener('keydown', hide, true)
    if (shown.value) {
      shown.value = false
      popup.value?.hidePopover?.()
    }
  }

  function later(what: () => void, ms: number): void {
    clearTimeout(timer)
    timer = setTimeout(what, ms)
  }

  onBeforeUnmount(hide)

  return {
    shown,
    on: {
      pointerenter: (event: PointerEvent) => event.pointerType !== 'touch' && later(show, 350),
      pointerleave: () => later(hide, 120),
      pointerdown: hide,
      focusin: (event: FocusEvent) => {
        if ((event.target as HTMLElement).matches(':focus-visible')) {
          show()
        }
      },
      focusout: hide,
    },
  }
}
