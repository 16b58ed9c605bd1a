import type { Tone } from '@/ui'
import type { DnsStatus } from './types'

export const DNS_STATUSES: DnsStatus[] = ['wrong', 'unknown', 'ok', 'pending']

const TONES: Record<DnsStatus, Tone> = {
  ok: 'ok',
  wrong: 'bad',
  unknown: 'unknown',
  pending: 'neutral',
  disabled: 'neutral',
}

export function dnsTone(status: string): Tone {
  return TONES[status as DnsStatus] ?? 'unknown'
}
