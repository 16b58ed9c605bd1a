import { dateTime } from '@/lib/format'

/* A <time> says "3 days ago"; when that was exactly is its title, made when somebody points at it or comes to its row: to
 * write a date takes a phone a tenth of a second the first time, and nobody may ask for it. */

function tell(time: HTMLTimeElement): void {
  const exact = dateTime(time.dateTime)
  if (exact && time.title !== exact) {
    time.title = exact
  }
}

/** Until the function is called that it returns. */
export function watchTimes(): () => void {
  const pointed = ({ target, pointerType }: PointerEvent) => {
    const time = pointerType === 'touch' ? null : (target as Element).closest?.('time')
    if (time) {
      tell(time)
    }
  }
  const focused = ({ target }: FocusEvent) => {
    ;(target as Element).closest?.('tr, li')?.querySelectorAll('time').forEach(tell)
  }
  document.addEventListener('pointerover', pointed)
  document.addEventListener('focusin', focused)
  return () => {
    document.removeEventListener('pointerover', pointed)
    document.removeEventListener('focusin', focused)
  }
}
