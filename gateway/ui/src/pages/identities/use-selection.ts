// Which rows are selected: some, by their keys, or all that the filters match.
import { computed, ref, watch } from 'vue'
import { requestsForFilters, requestsForKeys, type BulkRequest } from './bulk-targets'
import type { Filters } from './query'

interface Matching {
  filters: () => Filters
  text: () => string
  total: () => number | null
}

export function useSelection(matching: Matching) {
  const selected = ref(new Set<string>())
  const all = ref(false)
  const count = computed(() => (all.value ? (matching.total() ?? 0) : selected.value.size))

  /* Rows that a new filter hides would be changed unseen. */
  watch(() => JSON.stringify([matching.filters(), matching.text()]), clear)

  function clear(): void {
    selected.value = new Set()
    all.value = false
  }

  function select(keys: Set<string>): void {
    selected.value = keys
    all.value = false
  }

  function selectAll(pageKeys: string[]): void {
    selected.value = new Set(pageKeys)
    all.value = true
  }

  function requests(): BulkRequest[] {
    return all.value
      ? requestsForFilters(matching.filters(), matching.text())
      : requestsForKeys(selected.value)
  }

  return { selected, all, count, clear, select, selectAll, requests }
}
