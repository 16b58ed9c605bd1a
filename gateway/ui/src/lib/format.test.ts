import { afterEach, describe, expect, it } from 'vitest'
import {
  bytes,
  clockTime,
  date,
  dateTime,
  list,
  megabytes,
  number,
  percent,
  relativeTime,
} from './format'
import { setLanguage } from './i18n'

afterEach(() => setLanguage('en'))

const NOW = Date.parse('2024-03-10T12:00:00Z')
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ')

describe('sizes', () => {
  it.each([
    [0, '0 bytes'],
    [1023, '1,023 bytes'],
    [1024, '1 kB'],
    [1536, '1.5 kB'],
    [15.5 * 1024 ** 3, '16 GB'],
    [20 * 1024 * 1024, '20 MB'],
    [5 * 1024 ** 4, '5 TB'],
    [2 * 1024 ** 6, '2,048 PB'],
  ])('%i', (value, text) => {
    expect(plain(bytes(value))).toBe(text)
  })

  it('of quotas count in megabytes', () => {
    expect(plain(megabytes(2048))).toBe('2 GB')
  })

  it('speak the language of the reader', async () => {
    await setLanguage('de')
    expect(plain(bytes(1536))).toBe('1,5 kB')
    expect(plain(percent(42))).toBe('42 %')
    expect(number(12345)).toBe('12.345')
  })
})

describe('times', () => {
  it('are empty where there is none', () => {
    expect([dateTime(null), date(undefined), dateTime('never'), relativeTime('')]).toEqual([
      '',
      '',
      '',
      '',
    ])
  })

  it('are written as the language does', () => {
    expect(date('2024-03-10T12:00:00Z')).toBe('Mar 10, 2024')
    expect(dateTime('2024-03-10T12:00:00Z')).toContain('Mar 10, 2024')
    expect(clockTime(NOW)).toMatch(/\d{1,2}:\d\d/)
  })

  it.each([
    ['2024-03-10T11:59:40Z', '20 seconds ago'],
    ['2024-03-10T11:57:00Z', '3 minutes ago'],
    ['2024-03-10T09:00:00Z', '3 hours ago'],
    ['2024-03-09T12:00:00Z', 'yesterday'],
    ['2024-03-12T12:00:00Z', 'in 2 days'],
    ['2023-03-09T12:00:00Z', 'last year'],
    ['2024-03-10T12:00:00Z', 'now'],
  ])('%s is %s', (time, text) => {
    expect(relativeTime(time, NOW)).toBe(text)
  })
})

it('joins words as the language does', async () => {
  expect(list(['a', 'b', 'c'])).toBe('a, b, and c')
  await setLanguage('fr')
  expect(list(['a', 'b'])).toBe('a et b')
})
