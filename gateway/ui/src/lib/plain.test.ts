import { describe, expect, it } from 'vitest'
import { plainClock, plainNumber, plainPercent, plainRelative, plainSize } from './plain'

/* Which space it is makes no difference to a reader, and differs between releases of Intl. */
const plain = (text: string) => text.replace(/\s/g, ' ')

describe.each(['en', 'de', 'fr'])('without Intl, in %s, as Intl says it', (language) => {
  const by = (options: Intl.NumberFormatOptions) => new Intl.NumberFormat(language, options)

  it.each([0, 1, -1, 2, 42, 999, 1000, 12345, -1234567, 1e12, 0.5, 1234.5678, -0.25])(
    'number %d',
    (value) => {
      expect(plain(plainNumber(language, value))).toBe(plain(by({}).format(value)))
    },
  )

  it.each([0, 1, 42, 99, 100, 1250])('percentage %d', (value) => {
    const format = by({ style: 'percent', maximumFractionDigits: 0 })
    expect(plain(plainPercent(language, value))).toBe(plain(format.format(value / 100)))
  })

  it.each([
    [0, 0],
    [1, 0],
    [1023, 0],
    [1.04, 1],
    [1.5, 2],
    [9.96, 3],
    [12.5, 4],
    [2048, 5],
  ])('size %d of unit %d', (size, unit) => {
    const names = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte']
    const format = by({
      style: 'unit',
      unit: names[unit]!,
      unitDisplay: unit === 0 ? 'long' : 'short',
      maximumFractionDigits: size < 10 && unit > 0 ? 1 : 0,
    })
    expect(plain(plainSize(language, size, unit))).toBe(plain(format.format(size)))
  })

  it.each(['00:00', '00:59', '09:05', '11:59', '12:00', '13:01', '23:59'])('clock %s', (clock) => {
    const time = new Date(`2024-03-10T${clock}:30`)
    const format = new Intl.DateTimeFormat(language, { timeStyle: 'short' })
    expect(plain(plainClock(language, time))).toBe(plain(format.format(time)))
  })

  it.each(['second', 'minute', 'hour', 'day', 'week', 'month', 'year'] as const)('%s', (unit) => {
    const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto' })
    for (const value of [-1234, -11, -3, -2, -1, 0, 1, 2, 3, 21]) {
      expect(plain(plainRelative(language, value, unit))).toBe(plain(format.format(value, unit)))
    }
  })
})
