// The list: what the URL says, what the server is asked for, what the search box holds.
import { computed, nextTick, ref, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { useList } from '@/api/list'
import type { Query } from '@/api/request'
import { useUrlState } from '@/lib/url-state'
import { toUnicode } from '@/pages/domains/idn'
import { isFiltered, listParameters, NO_FILTERS, parseQuery, replaceToken } from './query'
import type { Filters, ParsedQuery } from './query'
import type { Identity } from './types'

export const IDENTITIES = '/api/v1/identities/'

export function useIdentities() {
  const { t } = useI18n()
  const url = useUrlState({
    search: '',
    domain: '',
    kind: '',
    role: '',
    enabled: '',
    ordering: 'address',
    page_size: 25,
    hidden: ['name'] as string[],
  })
  /* What stands in the search box, filters that are still being typed included. */
  const box = ref(url.search)
  const parsed = computed(() => parseQuery(box.value, false))
  const text = computed(() => parseQuery(url.search, false).text)
  const filters = computed(
    () => ({ domain: url.domain, kind: url.kind, role: url.role, enabled: url.enabled }) as Filters,
  )
  const filtered = computed(() => isFiltered(filters.value, text.value))

  const query = (): Query => ({
    ...listParameters(filters.value, text.value),
    ordering: url.ordering,
    page_size: url.page_size,
    count: true,
  })
  const list = useList<Identity>('identities', IDENTITIES, query)

  async function settle(found: ParsedQuery): Promise<void> {
    Object.assign(url, found.filters)
    url.search = found.rest
    if (Object.keys(found.filters).length > 0) {
      await nextTick()
      box.value = found.rest && `${found.rest} `
    }
  }

  /** What was typed so far; with Enter everything in the box is finished. */
  function type(typed: string, isFinal = false): void {
    box.value = typed
    void settle(parseQuery(typed, isFinal))
  }

  function correct(token: string, by: string): void {
    type(replaceToken(box.value, token, by), !by.endsWith(':'))
  }

  watch(
    () => url.search,
    (search) => {
      if (search !== parseQuery(box.value, false).rest) {
        box.value = search
      }
    },
  )
  if (Object.keys(parseQuery(url.search, true).filters).length > 0) {
    type(url.search, true)
  }

  function clear(): void {
    box.value = ''
    Object.assign(url, { search: '', ...NO_FILTERS })
  }

  const chips = computed(() =>
    (Object.keys(NO_FILTERS) as (keyof Filters)[])
      .filter((key) => filters.value[key] !== '')
      .map((key) => ({ key, label: chipText(key, filters.value[key]) })),
  )

  function chipText(key: keyof Filters, value: string): string {
    return key === 'domain'
      ? t('identities.chip.domain', { name: toUnicode(value) })
      : t(`identities.chip.${key}.${value}`)
  }

  return { url, box, parsed, text, filters, filtered, list, query, chips, type, correct, clear }
}
