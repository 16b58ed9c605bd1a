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
