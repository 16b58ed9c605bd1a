import { describe, expect, it } from 'vitest'
import { editDistance, isFiltered, listParameters, nearest, NO_FILTERS, parseQuery } from './query'
import { replaceToken, valuesOf } from './query'

describe('parseQuery', () => {
  it('takes finished filters out of the box and leaves the words', () => {
    expect(parseQuery('domain:Example.org anna role:admin is:disabled kind:alias ', false)).toEqual(
      {
        filters: {
          domain: 'example.org',
          role: 'SuperAdmins',
          enabled: 'false',
          kind: 'alias',
        },
        rest: 'anna',
        text: 'anna',
        faults: [],
        pending: null,
      },
    )
  })

  it('waits for the end of a filter that is still being typed', () => {
    const typing = parseQuery('anna domain:exam', false)
    expect(typing.filters).toEqual({})
    expect(typing.rest).toBe('anna domain:exam')
    expect(typing.text).toBe('anna')
    expect(typing.pending).toEqual({ key: 'domain', value: 'exam' })
    expect(parseQuery('anna domain:exam', true).filters).toEqual({ domain: 'exam' })
  })

  it('keeps a filter without a value in the box, also at the end', () => {
    expect(parseQuery('role:', true)).toMatchObject({
      filters: {},
      rest: 'role:',
      text: '',
      pending: { key: 'role', value: '' },
    })
  })

  it('offers the key that was probably meant', () => {
    const suggestions = (input: string) =>
      parseQuery(input, true).faults.map((fault) => [fault.kind, fault.suggestion])
    expect(suggestions('dmoain:x.org')).toEqual([['unknown-key', 'domain:x.org']])
    expect(suggestions('dom:x.org')).toEqual([['unknown-key', 'domain:x.org']])
    expect(suggestions('type:alias')).toEqual([['unknown-key', 'kind:alias']])
    expect(suggestions('quota:>90')).toEqual([['unknown-key', '']])
    expect(suggestions('is:disbled')).toEqual([['unknown-value', 'is:disabled']])
    expect(suggestions('role:boss')).toEqual([['unknown-value', '']])
  })

  it('does not search for what looks like a filter and is none', () => {
    const parsed = parseQuery('quota:>90 anna', true)
    expect(parsed.text).toBe('anna')
    expect(parsed.rest).toBe('quota:>90 anna')
  })

  it('completes the beginning of a value where it has one meaning', () => {
    expect(parseQuery('role:adm is:dis kind:al', true).filters).toEqual({
      role: 'SuperAdmins',
      enabled: 'false',
      kind: 'alias',
    })
    expect(parseQuery('kind:a', true)).toMatchObject({ filters: {}, rest: 'kind:a' })
  })

  it('takes the names of objects for words, not for filters', () => {
    expect(parseQuery('constructor:x', true).faults).toHaveLength(1)
    expect(parseQuery('is:constructor', true).faults).toHaveLength(1)
    expect(parseQuery(':x', true).text).toBe(':x')
  })

  it('forgives an @ before a domain and a dot after it', () => {
    expect(parseQuery('domain:@example.org.', true).filters).toEqual({ domain: 'example.org' })
  })
})

describe('words', () => {
  it('counts a swap of neighbours as one error', () => {
    expect(editDistance('domian', 'domain')).toBe(1)
    expect(editDistance('', 'is')).toBe(2)
    expect(editDistance('role', 'role')).toBe(0)
  })

  it('finds nothing where nothing is near', () => {
    expect(nearest('zzzz', ['domain', 'role', 'is', 'kind'])).toBe('')
    expect(nearest('', ['domain'])).toBe('')
  })

  it('offers one word for each meaning', () => {
    expect(valuesOf('is')).toEqual(['enabled', 'disabled'])
    expect(valuesOf('role')).toEqual(['admin', 'reseller', 'domainadmin', 'user'])
    expect(valuesOf('domain')).toEqual([])
  })
})

describe('the list', () => {
  it('is asked only for what was filtered by', () => {
    expect(listParameters({ ...NO_FILTERS, enabled: 'false' }, 'an')).toEqual({
      search: 'an',
      enabled: 'false',
    })
    expect(isFiltered(NO_FILTERS, '')).toBe(false)
    expect(isFiltered(NO_FILTERS, 'a')).toBe(true)
  })

  it('gets a corrected token back into the box', () => {
    expect(replaceToken('anna dmain:x  b', 'dmain:x', 'domain:x')).toBe('anna domain:x b')
  })
})
