import { describe, expect, it } from 'vitest'
import { changes, conflicts, rebase } from './conflict'
import { isEqual } from './equal'

const base = { name: 'a', quota: 1, list: ['x'] }
const fields: (keyof typeof base)[] = ['name', 'quota', 'list']

describe('a conflict', () => {
  it('is a field that both changed, differently', () => {
    const yours = { name: 'b', quota: 2, list: ['x', 'y'] }
    const theirs = { name: 'c', quota: 2, list: ['x'] }
    expect(conflicts(base, yours, theirs, fields)).toEqual([
      { field: 'name', before: 'a', yours: 'b', theirs: 'c' },
    ])
  })

  it('is resolved by keeping what only one of the two changed', () => {
    const yours = { name: 'b', quota: 1, list: ['x', 'y'] }
    const theirs = { name: 'a', quota: 5, list: ['x'] }
    expect(rebase(base, yours, theirs, fields)).toEqual({ name: 'b', quota: 5, list: ['x', 'y'] })
  })
})

describe('changes', () => {
  it('are the fields that differ in content', () => {
    expect(changes(base, { name: 'a', quota: 1, list: ['x'] }, fields)).toEqual({})
    expect(changes(base, { name: 'a', quota: 3, list: ['y'] }, fields)).toEqual({
      quota: 3,
      list: ['y'],
    })
  })
})

describe('isEqual', () => {
  it('compares by content', () => {
    expect(isEqual({ a: [1, { b: null }] }, { a: [1, { b: null }] })).toBe(true)
    expect(isEqual({ a: 1 }, { a: 1, b: 2 })).toBe(false)
    expect(isEqual({ a: undefined }, { b: undefined })).toBe(false)
    expect(isEqual([1], [1, 2])).toBe(false)
    expect(isEqual(null, {})).toBe(false)
    expect(isEqual('1', 1)).toBe(false)
  })
})
