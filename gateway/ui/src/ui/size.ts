import { cached } from '@/lib/intl'

/** Units of a SizeField, in MB. */
export const SIZE_UNITS = { mb: 1, gb: 1024, tb: 1024 * 1024 } as const

export type SizeUnit = keyof typeof SIZE_UNITS

/** The largest unit in which `megabytes` is a whole number. */
export function bestUnit(megabytes: number | null): SizeUnit {
  if (megabytes === null || megabytes === 0) {
    return 'gb'
  }
  if (megabytes % SIZE_UNITS.tb === 0) {
    return 'tb'
  }
  return megabytes % SIZE_UNITS.gb === 0 ? 'gb' : 'mb'
}

const STEPS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'] as const

/** `bytes` in words of `locale`: "1.5 GB". The steps are of 1024, as mail servers count. */
export function sizeText(bytes: number, locale: string): string {
  let step = 0
  let value = bytes
  while (value >= 1024 && step < STEPS.length - 1) {
    value /= 1024
    step += 1
  }
  return cached(Intl.NumberFormat, locale, {
    style: 'unit',
    unit: STEPS[step] ?? 'byte',
    unitDisplay: 'short',
    maximumFractionDigits: value < 10 && step > 0 ? 2 : 0,
  }).format(value)
}
