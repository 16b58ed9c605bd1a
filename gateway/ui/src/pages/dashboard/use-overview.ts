import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { useFirstRows } from '@/api/list'
import { fetchReadiness, notServing } from './readiness'

/* All that the dashboard asks for, every half minute while it is seen; each of its parts asks for its own. */

const EVERY = { everySeconds: 30 }
const SHOWN = 5
export const FULL_PERCENT = 90

export interface DnsRow {
  domain: number
  name: string
  checks: { status: string; detail: string; reason: string }[]
}

export interface QuotaRow {
  pk: number
  address: string
  quota: number
  bytes: number
  quota_usage: number
}

export interface OperationRow {
  pk: number
  type: string
  state: string
  full_address: string
  last_error: string
  creation: string
  finished_at: string | null
}

function useCount(key: string) {
  return useFirstRows<{ pk: number }>(
    key,
    `/api/v1/${key}/`,
    () => ({ page_size: 1, count: true }),
    EVERY,
  )
}

export function useCounts() {
  return {
    domains: useCount('domains'),
    accounts: useCount('accounts'),
    aliases: useCount('aliases'),
    mailboxes: useCount('mailboxes'),
  }
}

export function useRecent() {
  return useFirstRows<OperationRow>(
    'mailboxoperations',
    '/api/v1/mailboxoperations/',
    () => ({ ordering: '-creation', page_size: 6 }),
    EVERY,
  )
}

export type Attention = ReturnType<typeof useAttention>

export function useAttention() {
  const dns = useFirstRows<DnsRow>(
    'dnschecks',
    '/api/v1/dnschecks/',
    () => ({ status: 'wrong', page_size: SHOWN, count: true }),
    EVERY,
  )
  const full = useFirstRows<QuotaRow>(
    'quotas',
    '/api/v1/quotas/',
    () => ({ usage_over: FULL_PERCENT, ordering: '-usage', page_size: SHOWN, count: true }),
    EVERY,
  )
  const failed = useFirstRows<OperationRow>(
    'mailboxoperations',
    '/api/v1/mailboxoperations/',
    () => ({ state: 'failed', page_size: SHOWN, count: true }),
    EVERY,
  )
  const readiness = useQuery({
    queryKey: ['readyz'],
    queryFn: ({ signal }) => fetchReadiness(signal),
    refetchInterval: EVERY.everySeconds * 1000,
    refetchIntervalInBackground: false,
  })
  const away = computed(() => notServing(readiness.data.value))

  const asked = [dns, full, failed]
  const isLoading = computed(() => readiness.isLoading.value || asked.some((one) => one.loading))
  const hasAttention = computed(
    () => away.value.length > 0 || asked.some((one) => (one.total ?? one.rows.length) > 0),
  )
  const isUncertain = computed(
    () => Boolean(readiness.error.value) || asked.some((one) => one.error),
  )
  /* The oldest of the answers: since then nothing is known for sure. */
  const checkedAt = computed(() =>
    Math.min(readiness.dataUpdatedAt.value, ...asked.map((one) => one.updatedAt)),
  )
  return { dns, full, failed, away, isLoading, hasAttention, isUncertain, checkedAt }
}
