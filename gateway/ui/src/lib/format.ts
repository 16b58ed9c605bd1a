import { formatLanguage } from './i18n'
import { cached } from './intl'
import { plainClock, plainNumber, plainPercent, plainRelative, plainSize } from './plain'

/* Numbers, sizes and times in the user's language. Sizes count in 1024s, as quotas do. */

const LARGEST_UNIT = 5

export function number(value: number): string {
  return plainNumber(formatLanguage(), value)
}

export function bytes(value: number): string {
  let size = value
  let unit = 0
  while (Math.abs(size) >= 1024 && unit < LARGEST_UNIT) {
    size /= 1024
    unit++
  }
  return plainSize(formatLanguage(), size, unit)
}

export function megabytes(value: number): string {
  return bytes(value * 1024 * 1024)
}

/* A whole percentage: percent(42) is "42 %". */
export function percent(value: number): string {
  return plainPercent(formatLanguage(), value)
}

function timeOf(value: string | number | Date | null | undefined): Date | null {
  if (value === null || value === undefined || value === '') {
    return null
  }
  const time = new Date(value)
  return Number.isNaN(time.getTime()) ? null : time
}

export function dateTime(
  value: string | number | Date | null | undefined,
  options: Intl.DateTimeFormatOptions = { dateStyle: 'medium', timeStyle: 'short' },
): string {
  const time = timeOf(value)
  return time ? cached(Intl.DateTimeFormat, formatLanguage(), options).format(time) : ''
}

export function date(value: string | number | Date | null | undefined): string {
  return dateTime(value, { dateStyle: 'medium' })
}

export function clockTime(value: string | number | Date | null | undefined): string {
  const time = timeOf(value)
  return time ? plainClock(formatLanguage(), time) : ''
}

const STEPS = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const

export function relativeTime(
  value: string | number | Date | null | undefined,
  now: number = Date.now(),
): string {
  const time = timeOf(value)
  if (!time) {
    return ''
  }
  const seconds = Math.round((time.getTime() - now) / 1000)
  const [unit, length] = STEPS.find(([, step]) => Math.abs(seconds) >= step) ?? STEPS.at(-1)!
  return plainRelative(formatLanguage(), Math.trunc(seconds / length), unit)
}

export function list(items: readonly string[]): string {
  return cached(Intl.ListFormat, formatLanguage(), { type: 'conjunction' }).format(items)
}
