import { expect, test } from 'vitest'
import { distance, pairRecords, parseRecord, relativeHost, zoneText } from './dns-records'
import type { RecordCheck } from './types'

function check(change: Partial<RecordCheck>): RecordCheck {
  return {
    type: 'mx',
    status: 'ok',
    reason: '',
    detail: '',
    expected: ['example.test. 3600 IN MX 10 mail.example.test.'],
    found: [],
    ...change,
  }
}

function states(value: RecordCheck) {
  return pairRecords(value).map((row) => row.state)
}

test('a record is taken apart', () => {
  expect(parseRecord('example.test. 3600 IN MX 10 mail.example.test.')).toMatchObject({
    host: 'example.test',
    type: 'MX',
    priority: 10,
    value: 'mail.example.test',
    isPlaceholder: false,
  })
  expect(parseRecord('mail.example.test. IN AAAA ::1')).toMatchObject({
    type: 'AAAA',
    priority: null,
    value: '::1',
  })
  expect(parseRecord('example.test. IN MX 0 .')).toMatchObject({ priority: 0, value: '.' })
  expect(parseRecord('example.test. 3600 IN MX 10 <a host with an address>')).toMatchObject({
    isPlaceholder: true,
  })
  expect(parseRecord('nonsense')).toBeNull()
})

test.each([
  ['example.test', '@'],
  ['mail.example.test', 'mail'],
  ['other.test', 'other.test.'],
])('%s below example.test is %s', (host, relative) => {
  expect(relativeHost(host, 'example.test')).toBe(relative)
})

test('the distance of two texts', () => {
  expect(distance('kitten', 'sitting')).toBe(3)
  expect(distance('', 'abc')).toBe(3)
})

test('found as expected, with its address beside it', () => {
  const found = ['example.test. IN MX 10 mail.example.test.', 'mail.example.test. IN A 192.0.2.1']
  expect(states(check({ found }))).toEqual(['ok', 'address'])
})

test('nothing found is missing', () => {
  expect(states(check({ status: 'wrong', reason: 'MX_MISSING' }))).toEqual(['missing'])
})

test('the nearest of the others stands beside it', () => {
  const rows = pairRecords(
    check({
      status: 'wrong',
      found: ['example.test. IN MX 10 backup.test.', 'example.test. IN MX 20 mial.example.test.'],
    }),
  )
  expect(rows.map((row) => [row.state, row.found?.value])).toEqual([
    ['differs', 'mial.example.test'],
    ['extra', 'backup.test'],
  ])
})

test('no answer is neither right nor wrong', () => {
  expect(states(check({ status: 'unknown', reason: 'RESOLVER_TIMEOUT' }))).toEqual(['unknown'])
})

test('one of two expected hosts is enough', () => {
  const expected = [
    'example.test. 3600 IN MX 10 a.example.test.',
    'example.test. 3600 IN MX 20 b.example.test.',
  ]
  const found = ['example.test. IN MX 10 b.example.test.']
  expect(states(check({ expected, found }))).toEqual(['optional', 'ok'])
})

test('any host will do', () => {
  const expected = ['example.test. 3600 IN MX 10 <a host with an address>']
  const found = ['example.test. IN MX 5 mx.other.test.', 'mx.other.test. IN A 192.0.2.1']
  expect(states(check({ expected, found }))).toEqual(['ok', 'address'])
  expect(zoneText([check({ expected })])).toBe('')
})

test('the zone text is what the server expects', () => {
  expect(zoneText([check({})])).toBe('example.test. 3600 IN MX 10 mail.example.test.')
})
