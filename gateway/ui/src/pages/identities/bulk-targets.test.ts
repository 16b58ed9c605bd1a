import { describe, expect, it } from 'vitest'
import { keysWithout, requestsForFilters, requestsForKeys, undoSeconds } from './bulk-targets'
import { NO_FILTERS } from './query'

describe('a selection', () => {
  it('goes to the endpoint of each kind, in the order of pk', () => {
    expect(requestsForKeys(['account:9', 'alias:3', 'account:4'])).toEqual([
      { kind: 'account', target: { ids: [4, 9] } },
      { kind: 'alias', target: { ids: [3] } },
    ])
    expect(requestsForKeys([])).toEqual([])
  })

  it('forgets what is gone', () => {
    const keys = keysWithout(new Set(['account:1', 'alias:1']), [{ kind: 'account', pk: 1 }])
    expect([...keys]).toEqual(['alias:1'])
  })
})

describe('all that match', () => {
  it('are accounts and aliases, each by its own field', () => {
    expect(
      requestsForFilters({ ...NO_FILTERS, domain: 'example.org', enabled: 'true' }, 'an'),
    ).toEqual([
      {
        kind: 'account',
        target: { filter: { search: 'an', domain: 'example.org', is_active: true } },
      },
      { kind: 'alias', target: { filter: { search: 'an', domain: 'example.org', enabled: true } } },
    ])
  })

  it('are only accounts where a role is asked for', () => {
    expect(requestsForFilters({ ...NO_FILTERS, role: 'SimpleUsers' }, '')).toEqual([
      { kind: 'account', target: { filter: { role: 'SimpleUsers' } } },
    ])
  })

  it('are of the kind that is asked for', () => {
    expect(requestsForFilters({ ...NO_FILTERS, kind: 'alias' }, '')).toEqual([
      { kind: 'alias', target: { filter: {} } },
    ])
    expect(requestsForFilters({ ...NO_FILTERS, kind: 'account', enabled: 'false' }, '')).toEqual([
      { kind: 'account', target: { filter: { is_active: false } } },
    ])
    expect(requestsForFilters({ ...NO_FILTERS, kind: 'alias', role: 'Resellers' }, '')).toEqual([])
  })
})

describe('the time to undo', () => {
  it('grows with the number, up to an hour', () => {
    expect(undoSeconds(0)).toBe(60)
    expect(undoSeconds(50)).toBe(65)
    expect(undoSeconds(1_000_000)).toBe(3600)
  })
})
