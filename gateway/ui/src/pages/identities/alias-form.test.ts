import { describe, expect, it } from 'vitest'
import { aliasBody, aliasFieldOf, aliasFieldOfReason, isCatchAll } from './alias-form'
import { isExpired, isLoop } from './alias-form'

describe('an alias', () => {
  it('is a catch-all when its address has no local part', () => {
    expect(isCatchAll(' @example.org')).toBe(true)
    expect(isCatchAll('a@example.org')).toBe(false)
    expect(isCatchAll('@')).toBe(false)
  })

  it('is a loop when it leads to itself and nowhere else', () => {
    expect(isLoop({ address: 'A@example.org', recipients: ['a@example.org'] })).toBe(true)
    expect(isLoop({ address: 'a@example.org', recipients: ['a@example.org', 'b@x.org'] })).toBe(
      false,
    )
    expect(isLoop({ address: 'a@example.org', recipients: [] })).toBe(false)
  })

  it('has expired from its moment on', () => {
    expect(isExpired('2030-01-01T00:00:00Z', Date.parse('2030-01-01T00:00:00Z'))).toBe(true)
    expect(isExpired('2030-01-01T00:00:00Z', Date.parse('2029-01-01T00:00:00Z'))).toBe(false)
    expect(isExpired(null, 0)).toBe(false)
  })

  it('is sent without spaces around', () => {
    expect(aliasBody({ address: ' a@b.org ', expire_at: null })).toEqual({
      address: 'a@b.org',
      expire_at: null,
    })
  })

  it('shows the faults of single recipients at the field', () => {
    expect(aliasFieldOf('recipients[2]')).toBe('recipients')
    expect(aliasFieldOf('alias.recipients.0')).toBe('recipients')
    expect(aliasFieldOf('address')).toBe('address')
    expect(aliasFieldOfReason('RECIPIENT_NOT_FOUND')).toBe('recipients')
    expect(aliasFieldOfReason('ALIAS_NOT_FOUND')).toBeNull()
  })
})
