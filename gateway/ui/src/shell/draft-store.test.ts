import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readDraft, removeDraft, sweepDrafts, writeDraft, type DraftSchema } from './draft-store'

interface Form {
  name: string
  size: number | null
  on: boolean
  to: string[]
  password: string
}

const SCHEMA: DraftSchema<Form> = {
  name: 'text',
  size: 'number',
  on: 'flag',
  to: 'texts',
  password: 'secret',
}
const EMPTY: Form = { name: '', size: null, on: false, to: [], password: '' }
const FULL: Form = { name: 'a', size: 3, on: true, to: ['b'], password: 'hunter2' }
const HOUR = 3600 * 1000
const all = () => JSON.stringify({ ...sessionStorage })
const put = (value: string) => sessionStorage.setItem('roost.draft.f/1', value)

beforeEach(() => sessionStorage.clear())
afterEach(() => void vi.useRealTimers())

describe('the store of drafts', () => {
  const write = (fields: Partial<Form>) => writeDraft('f/1', SCHEMA, 1, { fields, base: EMPTY })
  const read = (user = 1) => readDraft('f/1', SCHEMA, user)

  it('gives back what was typed, and what it was typed over', () => {
    expect(write({ name: 'a', size: null, to: ['b'] })).toBe(true)
    expect(read()?.fields).toEqual({ name: 'a', size: null, to: ['b'] })
    expect(read()?.base).toMatchObject({ name: '', on: false })
    removeDraft('f/1')
    expect(read()).toBeNull()
  })

  it('never writes a secret, and says that it did not', () => {
    expect(write(FULL)).toBe(false)
    expect(all()).not.toContain('hunter2')
    expect(all()).not.toContain('password')
    expect(read()?.fields).toEqual({ name: 'a', size: 3, on: true, to: ['b'] })
    expect(write({ password: 'hunter2' })).toBe(false)
    expect(sessionStorage).toHaveLength(0)
  })

  it('takes back no secret that got there by other means', () => {
    put(
      JSON.stringify({
        user: 1,
        at: Date.now(),
        fields: { password: 'hunter2', other: 1 },
        base: {},
      }),
    )
    expect(read()).toBeNull()
  })

  it('does not keep what is too large, nor too many', () => {
    write({ name: 'a' })
    expect(write({ name: 'x'.repeat(70_000) })).toBe(false)
    expect(sessionStorage).toHaveLength(0)
    const names = Array.from({ length: 30 }, (_, n) => `f/${n}`)
    const kept = names.filter((name) => writeDraft(name, SCHEMA, 1, { fields: { name }, base: {} }))
    expect(kept).toHaveLength(20)
    expect(writeDraft('f/0', SCHEMA, 1, { fields: { name: 'again' }, base: {} })).toBe(true)
  })

  it('forgets after a day', () => {
    vi.useFakeTimers()
    write({ name: 'a' })
    vi.advanceTimersByTime(23 * HOUR)
    expect(read()).not.toBeNull()
    vi.advanceTimersByTime(HOUR)
    expect(read()).toBeNull()
    expect(sessionStorage).toHaveLength(0)
  })

  it('shows nobody what another has typed', () => {
    write({ name: 'a' })
    expect(read(2)).toBeNull()
    expect(sessionStorage).toHaveLength(0)
  })

  it.each(['', 'no json', 'null', '[]', '{"user":1}', '{"user":1,"at":0,"fields":[],"base":{}}'])(
    'does without what it cannot read: %s',
    (text) => {
      put(text)
      expect(read()).toBeNull()
    },
  )

  it('drops values that do not fit the form', () => {
    const fields = { name: 5, size: 'x', on: 'yes', to: [1], __proto__: 1 }
    put(JSON.stringify({ user: 1, at: Date.now(), fields: { ...fields, size: 7 }, base: {} }))
    expect(read()?.fields).toEqual({ size: 7 })
  })

  it('does without storage', () => {
    const refuse = () => {
      throw new DOMException('no', 'SecurityError')
    }
    vi.spyOn(Storage.prototype, 'setItem').mockImplementation(refuse)
    vi.spyOn(Storage.prototype, 'getItem').mockImplementation(refuse)
    vi.spyOn(Storage.prototype, 'removeItem').mockImplementation(refuse)
    expect(write({ name: 'a' })).toBe(false)
    expect(read()).toBeNull()
    expect(() => sweepDrafts()).not.toThrow()
  })

  it('sweeps what is not the user’s, and leaves what is no draft', () => {
    write({ name: 'a' })
    writeDraft('f/2', SCHEMA, 2, { fields: { name: 'b' }, base: {} })
    sessionStorage.setItem('roost.draft.f/3', 'rubbish')
    sessionStorage.setItem('roost.trail', 'x')
    sweepDrafts(1)
    expect(Object.keys(sessionStorage).sort()).toEqual(['roost.draft.f/1', 'roost.trail'])
    sweepDrafts()
    expect(Object.keys(sessionStorage)).toEqual(['roost.trail'])
  })
})
