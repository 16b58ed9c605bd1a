import { describe, expect, it } from 'vitest'
import { strengthOf } from './strength'

describe('strengthOf', () => {
  it.each([
    ['', 0],
    ['abc', 0],
    ['aaaaaaaaaaaaaaaa', 0],
    ['123456789012', 0],
    ['Password1', 0],
    ['Tr0ub4d', 1],
    ['Tr0ub4dor', 2],
    ['correct horse', 3],
    ['k7Qm-x2Rp', 3],
    ['k7Qm-x2Rp-T9wz-Ab4d', 4],
  ])('%s: %i', (password, strength) => {
    expect(strengthOf(password)).toBe(strength)
  })

  it('counts what is known of the person for little', () => {
    expect(strengthOf('adalovelace99')).toBeGreaterThan(
      strengthOf('adalovelace99', ['ada', 'lovelace']),
    )
  })
})
