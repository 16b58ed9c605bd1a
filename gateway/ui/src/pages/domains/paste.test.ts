import { expect, test } from 'vitest'
import { localPartFault, parsePaste, parseSize, splitLine, splitName } from './paste'

test.each([
  ['anna, Anna Schmidt, 2G', ['anna', 'Anna Schmidt', '2G']],
  ['anna;Anna Schmidt;500', ['anna', 'Anna Schmidt', '500']],
  ['anna\tSchmidt, Anna\t1 GB', ['anna', 'Schmidt, Anna', '1 GB']],
  ['anna,"Schmidt, Anna",1', ['anna', 'Schmidt, Anna', '1']],
  ['anna,"the ""boss""",', ['anna', 'the "boss"']],
  ["o'neil, Pat O'Neil", ["o'neil", "Pat O'Neil"]],
  ['anna', ['anna']],
])('the cells of %s', (line, cells) => {
  expect(splitLine(line)).toEqual(cells)
})

test.each([
  ['500', 500],
  ['500M', 500],
  ['2g', 2048],
  ['2 GiB', 2048],
  ['1,5 GB', 1536],
  ['2 Go', 2048],
  ['1T', 1048576],
  ['0', 0],
  ['unlimited', 0],
  ['-1', null],
  ['1.3', null],
  ['much', null],
  ['5 kB', null],
])('the size %s', (text, megabytes) => {
  expect(parseSize(text)).toBe(megabytes)
})

test.each([
  ['Anna Maria Schmidt', 'Anna Maria', 'Schmidt'],
  ['Schmidt, Anna', 'Anna', 'Schmidt'],
  ['  Cher ', 'Cher', ''],
  ['', '', ''],
])('the name %s', (text, firstName, lastName) => {
  expect(splitName(text)).toEqual({ firstName, lastName })
})

test.each([
  ['anna', null],
  ['anna.b+c', null],
  ['jörg', null],
  ['', 'local_missing'],
  ['.anna', 'local_invalid'],
  ['anna..b', 'local_invalid'],
  ['anna/b', 'local_invalid'],
  ['an na', 'local_invalid'],
  ['a'.repeat(65), 'local_long'],
  ['ö'.repeat(33), 'local_long'],
])('the local part "%s"', (local, fault) => {
  expect(localPartFault(local)).toBe(fault)
})

test('lines are counted as they stand, empty ones and comments are passed over', () => {
  const rows = parsePaste('# people\n\nAnna, Anna Schmidt\r\nben', 'example.org')
  expect(rows.map((row) => [row.line, row.local, row.faults.length])).toEqual([
    [3, 'anna', 0],
    [4, 'ben', 0],
  ])
})

test('a whole address is taken where its domain is this one', () => {
  const rows = parsePaste('anna@bücher.example\nben@other.example', 'xn--bcher-kva.example')
  expect(rows[0]).toMatchObject({ local: 'anna', faults: [] })
  expect(rows[1]?.faults).toEqual([{ code: 'other_domain', args: { domain: 'other.example' } }])
  expect(parsePaste('ben@other.example', '')[0]?.faults).toEqual([])
  expect(parsePaste('ben@', 'example.org')[0]).toMatchObject({ local: 'ben', faults: [] })
})

test('the second of two equal local parts is the faulty one, whatever their case', () => {
  const rows = parsePaste('anna\nben\nANNA', 'example.org')
  expect(rows[2]?.faults).toEqual([{ code: 'duplicate', args: { line: 1 } }])
})

test('faults of a row are all reported', () => {
  const row = parsePaste('an na, X, huge, more', 'example.org')[0]
  expect(row?.faults.map((fault) => fault.code)).toEqual([
    'local_invalid',
    'quota_invalid',
    'columns',
  ])
})

test('rows over the limit are refused, not dropped', () => {
  const text = Array.from({ length: 1001 }, (_, i) => `user${i}`).join('\n')
  const rows = parsePaste(text, 'example.org')
  expect(rows).toHaveLength(1001)
  expect(rows[999]?.faults).toEqual([])
  expect(rows[1000]?.faults).toEqual([{ code: 'too_many', args: { max: 1000 } }])
})
