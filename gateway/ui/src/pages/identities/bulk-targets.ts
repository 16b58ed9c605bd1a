// What a bulk change is about: identities are two kinds of objects behind two endpoints.
import type { BulkItem, BulkTarget } from '@/lib/bulk'
import type { Filters } from './query'
import { identityKey, type Identity, type Kind } from './types'

export interface BulkRequest {
  kind: Kind
  target: BulkTarget
}

export type BulkRow = BulkItem & { kind: Kind }

export const BULK_PATHS: Record<Kind, string> = {
  account: '/api/v1/accounts/bulk/',
  alias: '/api/v1/aliases/bulk/',
}

/** The keys of selected rows, `account:42`, by kind. */
export function requestsForKeys(keys: Iterable<string>): BulkRequest[] {
  const ids: Record<Kind, number[]> = { account: [], alias: [] }
  for (const key of keys) {
    const [kind, pk] = key.split(':') as [Kind, string]
    ids[kind].push(Number(pk))
  }
  return (['account', 'alias'] as const)
    .filter((kind) => ids[kind].length > 0)
    .map((kind) => ({ kind, target: { ids: ids[kind].sort((a, b) => a - b) } }))
}

/** Everything that the list's filters match. Aliases have no role: a role leaves only accounts. */
export function requestsForFilters(filters: Filters, text: string): BulkRequest[] {
  const common = {
    ...(text ? { search: text } : {}),
    ...(filters.domain ? { domain: filters.domain } : {}),
  }
  const enabled = filters.enabled === '' ? null : filters.enabled === 'true'
  const requests: BulkRequest[] = []
  if (filters.kind !== 'alias') {
    const filter = {
      ...common,
      ...(filters.role ? { role: filters.role } : {}),
      ...(enabled === null ? {} : { is_active: enabled }),
    }
    requests.push({ kind: 'account', target: { filter } })
  }
  if (filters.kind !== 'account' && !filters.role) {
    const filter = { ...common, ...(enabled === null ? {} : { enabled }) }
    requests.push({ kind: 'alias', target: { filter } })
  }
  return requests
}

const LEAST_UNDO_SECONDS = 60
const MOST_UNDO_SECONDS = 3600

/** A long run must not lose its beginning before its end is there to be undone. */
export function undoSeconds(total: number): number {
  return Math.min(MOST_UNDO_SECONDS, LEAST_UNDO_SECONDS + Math.ceil(total / 10))
}

export function rowsOf(kind: Kind, items: BulkItem[]): BulkRow[] {
  return items.map((item) => ({ ...item, kind }))
}

/** Selected rows that are still in the list: one that was deleted is no longer selected. */
export function keysWithout(keys: Set<string>, gone: { kind: Kind; pk: number }[]): Set<string> {
  const without = new Set(keys)
  for (const identity of gone) {
    without.delete(identityKey(identity))
  }
  return without
}

/** How many of these are of each kind, for the question before it is done. */
export function countKinds(identities: Identity[]): Record<Kind, number> {
  const counts = { account: 0, alias: 0 }
  for (const identity of identities) {
    counts[identity.kind]++
  }
  return counts
}
