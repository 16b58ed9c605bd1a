import { computed, ref, watch } from 'vue'
import type { BulkTarget } from '@/lib/bulk'
import type { Domain } from './types'
import type { useDomainList } from './use-domain-list'

/* Which domains are selected: some by hand, over several pages, or all that match the filters. */
export function useDomainSelection(list: ReturnType<typeof useDomainList>) {
  const selected = ref(new Set<string>())
  const isAll = ref(false)
  const seen = new Map<string, Domain>()

  watch(list.rows, (rows) => rows.forEach((domain) => seen.set(String(domain.pk), domain)), {
    immediate: true,
  })
  watch(
    () => [list.url.search, list.url.type, list.url.enabled, list.url.dns],
    () => clear(),
  )
  /* All that match is all or nothing: taking one out goes back to those that can be seen. */
  watch(selected, () => {
    isAll.value = false
  })

  const total = computed(() => list.paged.value.total)
  const count = computed(() =>
    isAll.value ? (total.value ?? selected.value.size) : selected.value.size,
  )

  function clear(): void {
    selected.value = new Set()
    isAll.value = false
  }

  return {
    selected,
    isAll,
    count,
    clear,
    /* The API's bulk calls know no filter by DNS status. */
    canSelectAll: computed(
      () =>
        !list.isByDns.value &&
        list.rows.value.every((domain) => selected.value.has(String(domain.pk))) &&
        (total.value === null ? list.paged.value.hasNext : total.value > selected.value.size),
    ),
    hasUnseen: computed(() => isAll.value),
    domains: () =>
      [...selected.value].map((key) => seen.get(key)).filter((domain) => domain !== undefined),
    target: (): BulkTarget =>
      isAll.value ? { filter: list.filter() } : { ids: [...selected.value].map(Number) },
  }
}
