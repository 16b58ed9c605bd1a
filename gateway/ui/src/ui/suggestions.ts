import { computed, ref, watch, type Ref } from 'vue'

/**
 * The keyboard of an input with a list of suggestions below it (the combobox pattern of the ARIA practices): arrows
 * move, Enter takes, Escape closes. The focus stays in the input; `activeId` names the option for aria-activedescendant.
 */
export function useSuggestions<T>(
  listId: string,
  items: Ref<readonly T[]>,
  take: (item: T) => void,
) {
  const wanted = ref(false)
  const active = ref(-1)
  const open = computed(() => wanted.value && items.value.length > 0)
  const activeId = computed(() =>
    open.value && active.value >= 0 ? `${listId}-${active.value}` : undefined,
  )

  watch(items, () => {
    active.value = -1
  })

  watch(activeId, (id) => {
    if (id) {
      queueMicrotask(() => document.getElementById(id)?.scrollIntoView?.({ block: 'nearest' }))
    }
  })

  function close(): void {
    wanted.value = false
    active.value = -1
  }

  function show(): void {
    wanted.value = true
  }

  function choose(index: number): void {
    const item = items.value[index]
    if (item !== undefined) {
      close()
      take(item)
    }
  }

  function move(step: 1 | -1): void {
    const n = items.value.length
    if (!open.value) {
      show()
      active.value = step === 1 ? 0 : n - 1
    } else {
      active.value = active.value < 0 && step === -1 ? n - 1 : (active.value + step + n) % n
    }
  }

  /** True if the key was one of ours. */
  function onKey(event: KeyboardEvent): boolean {
    if (event.isComposing || event.ctrlKey || event.metaKey) {
      return false
    }
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      move(event.key === 'ArrowDown' ? 1 : -1)
      return true
    }
    if (event.key === 'Enter' && open.value && active.value >= 0) {
      event.preventDefault()
      choose(active.value)
      return true
    }
    if (event.key === 'Escape' && wanted.value && items.value.length > 0) {
      /* Only the list closes, not the dialog around it. */
      event.preventDefault()
      event.stopPropagation()
      close()
      return true
    }
    return false
  }

  return { open, active, activeId, show, close, choose, onKey }
}
