import { computed, ref } from 'vue'
import { useResource } from '@/api/query'
import { toUnicode } from '@/pages/domains/idn'

/** The first domains whose name begins with what is typed, for a ComboField. `any` is the option for no domain. */
export function useDomainOptions(any: () => string) {
  const search = ref('')
  const found = useResource<{ name: string }[]>(
    'domains',
    () => '/api/v1/domains/',
    () => ({ page_size: 20, search: search.value, ordering: 'name' }),
  )
  const options = computed(() => [
    ...(search.value === '' ? [{ value: '', label: any() }] : []),
    ...(found.data ?? []).map(({ name }) => {
      const label = toUnicode(name)
      return label === name ? { value: name, label } : { value: name, label, hint: name }
    }),
  ])
  return { options, search, loading: computed(() => found.fetching) }
}
