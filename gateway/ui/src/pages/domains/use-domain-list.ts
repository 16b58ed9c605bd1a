import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { isApiError } from '@/api/errors'
import { useList } from '@/api/list'
import { useResource } from '@/api/query'
import { request, type Query } from '@/api/request'
import { useUrlState } from '@/lib/url-state'
import type { DnsCheck, Domain } from './types'

export const DOMAINS = '/api/v1/domains/'
export const DNS_CHECKS = '/api/v1/dnschecks/'

async function domainOf(pk: number, signal: AbortSignal): Promise<Domain | null> {
  try {
    return (await request<Domain>('GET', `${DOMAINS}${pk}/`, { signal })).data
  } catch (error) {
    if (isApiError(error) && error.status === 404) {
      return null
    }
    throw error
  }
}

/* The list of domains, each with its last DNS check. DNS results are a service of their own: filtered by them, the page
 * is one of results, and the domains are read to it. */
export function useDomainList() {
  const url = useUrlState({
    search: '',
    type: '',
    enabled: '',
    dns: '',
    ordering: 'name',
    page_size: 25,
    /* Keys with commas between them; "-": none. */
    hidden: 'creation',
  })
  const hidden = computed({
    get: () => url.hidden.split(',').filter((key) => key !== '-'),
    set: (keys: string[]) => {
      url.hidden = keys.join(',') || '-'
    },
  })
  const isByDns = computed(() => url.dns !== '')
  const query = (): Query => ({
    page_size: url.page_size,
    search: url.search,
    ordering: url.ordering,
    type: url.type,
    enabled: url.enabled,
    count: true,
  })
  const dnsQuery = (): Query => ({
    page_size: url.page_size,
    search: url.search,
    ordering: url.ordering === '-name' ? '-name' : 'name',
    status: url.dns,
    count: true,
  })
  const plain = useList<Domain>('domains', DOMAINS, query, { enabled: () => !isByDns.value })
  const byDns = useList<DnsCheck>('dnschecks', DNS_CHECKS, dnsQuery, {
    name: 'dns',
    enabled: () => isByDns.value,
  })

  const ids = computed(() =>
    isByDns.value ? byDns.rows.map((check) => check.domain) : plain.rows.map((domain) => domain.pk),
  )
  const read = useQuery({
    queryKey: computed(() => ['domains', 'of checks', ids.value]),
    queryFn: ({ signal }) => Promise.all(ids.value.map((pk) => domainOf(pk, signal))),
    enabled: computed(() => isByDns.value && ids.value.length > 0),
  })
  const checked = useResource<DnsCheck[]>(
    'dnschecks',
    () => DNS_CHECKS,
    () => ({ domains: ids.value, page_size: Math.max(ids.value.length, 1) }),
    { enabled: () => !isByDns.value && ids.value.length > 0 },
  )

  const rows = computed(() =>
    isByDns.value
      ? (read.data.value ?? []).filter((domain) => domain !== null)
      : (plain.rows as Domain[]),
  )
  const checks = computed(() => {
    const all = isByDns.value ? (byDns.rows as DnsCheck[]) : (checked.data ?? [])
    return new Map(all.map((check) => [check.domain, check]))
  })
  const paged = computed(() => (isByDns.value ? byDns : plain))
  const isFiltered = computed(
    () => url.search !== '' || url.type !== '' || url.enabled !== '' || url.dns !== '',
  )

  return {
    url,
    hidden,
    rows,
    checks,
    isByDns,
    isFiltered,
    paged,
    checksFailed: computed(() => checked.error !== null && checked.error !== undefined),
    loading: computed(
      () => paged.value.loading || (isByDns.value && ids.value.length > 0 && read.isPending.value),
    ),
    error: computed(() => paged.value.error ?? (isByDns.value ? read.error.value : null)),
    call: () =>
      isByDns.value ? { path: DNS_CHECKS, query: dnsQuery() } : { path: DOMAINS, query: query() },
    /* What the API's bulk calls take as a filter. */
    filter: () => ({
      ...(url.search ? { search: url.search } : {}),
      ...(url.type ? { type: url.type } : {}),
      ...(url.enabled ? { enabled: url.enabled === 'true' } : {}),
    }),
    clear: () => Object.assign(url, { search: '', type: '', enabled: '', dns: '' }),
    refetch: () => paged.value.refetch(),
  }
}
