/* How long a new token shall live: days, until a moment of one's choice, or for good. */
export const EXPIRIES = ['7', '30', '90', '365', 'custom', 'never'] as const
export type Expiry = (typeof EXPIRIES)[number]

const DAY_MS = 86_400_000

export function expiryOf(expiry: Expiry, now: number): string | null {
  const days = Number(expiry)
  return Number.isFinite(days)
    ? new Date(now + days * DAY_MS).toISOString().replace(/\.\d+Z$/, 'Z')
    : null
}
