import { onBeforeUnmount, onMounted, type Ref } from 'vue'

const TYPING =
  'input:not([type=checkbox]), textarea, select, [contenteditable], [role=combobox], [role=menu], [role=listbox], dialog[open]'

/** j and k walk through the rows, x selects, Enter opens. Single keys can be switched off: <html data-shortcuts="off">. */
export function useTableKeys(
  root: Ref<HTMLElement | null>,
  does: { select: (index: number) => void; open: (index: number) => void },
) {
  function rows(): HTMLElement[] {
    return [...(root.value?.querySelectorAll<HTMLElement>('tbody > tr[data-row]') ?? [])]
  }

  function current(all: HTMLElement[]): number {
    return all.findIndex((row) => row.contains(document.activeElement))
  }

  function go(all: HTMLElement[], index: number): void {
    const row = all[Math.max(0, Math.min(all.length - 1, index))]
    row?.focus({ preventScroll: true })
    row?.scrollIntoView?.({ block: 'nearest' })
  }

  function singleKey(key: string, all: HTMLElement[], at: number): boolean {
    if (key === 'j' || key === 'k') {
      go(all, key === 'j' ? at + 1 : Math.max(0, at - 1))
      return true
    }
    if (key === 'x' && at >= 0) {
      does.select(at)
      return true
    }
    return false
  }

  function onKey(event: KeyboardEvent): void {
    const target = event.target as HTMLElement
    if (
      event.defaultPrevented ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey ||
      event.isComposing ||
      !root.value
    ) {
      return
    }
    const dialog = document.querySelector('dialog:modal')
    if (target.closest?.(TYPING) || (dialog && !dialog.contains(root.value))) {
      return
    }
    const all = rows()
    const at = current(all)
    const onRow = at >= 0 && target === all[at]
    let done = false
    if (onRow && event.key === 'Enter') {
      does.open(at)
      done = true
    } else if (onRow && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      go(all, at + (event.key === 'ArrowDown' ? 1 : -1))
      done = true
    } else if (document.documentElement.dataset.shortcuts !== 'off') {
      done = singleKey(event.key, all, at)
    }
    if (done) {
      event.preventDefault()
    }
  }

  onMounted(() => document.addEventListener('keydown', onKey))
  onBeforeUnmount(() => document.removeEventListener('keydown', onKey))
}

/** A click that the browser would follow in this tab. */
export function isPlainClick(event: MouseEvent): boolean {
  return event.button === 0 && !event.metaKey && !event.altKey && !event.ctrlKey && !event.shiftKey
}
