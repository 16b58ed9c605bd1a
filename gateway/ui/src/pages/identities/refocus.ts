import { nextTick } from 'vue'

/** What had the focus is gone: whoever works with the keyboard goes on from a place that makes sense. */
export async function refocus(selector: string): Promise<void> {
  await nextTick()
  if (document.activeElement === null || document.activeElement === document.body) {
    document.querySelector<HTMLElement>(selector)?.focus()
  }
}
