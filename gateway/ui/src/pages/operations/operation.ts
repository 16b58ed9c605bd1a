import type { TimelineItem, Tone } from '@/ui'

export interface MailboxOperation {
  pk: number
  mailbox: number
  type: string
  argument: string
  destination: string
  state: string
  attempts: number
  last_error: string
  creation: string | null
  next_attempt_at: string | null
  finished_at: string | null
  full_address: string
}

export const STATES = ['pending', 'running', 'done', 'failed'] as const

const TONES: Record<string, Tone> = {
  pending: 'neutral',
  running: 'busy',
  done: 'ok',
  failed: 'bad',
}

export function toneOf(state: string): Tone {
  return TONES[state] ?? 'unknown'
}

export function isUnderWay(operation: MailboxOperation): boolean {
  return operation.state === 'pending' || operation.state === 'running'
}

interface Words {
  t: (key: string, args?: Record<string, unknown>, plural?: number) => string
  time: (value: string | null) => string
}

/** What happened to an operation so far, oldest first. */
export function history(operation: MailboxOperation, { t, time }: Words): TimelineItem[] {
  const items: TimelineItem[] = [
    {
      key: 'ordered',
      title: t('operations.ordered'),
      tone: 'neutral',
      time: time(operation.creation),
    },
  ]
  if (operation.attempts > 0) {
    items.push({
      key: 'tries',
      title: t('operations.tries', { n: operation.attempts }, operation.attempts),
      tone: operation.last_error ? 'warn' : 'neutral',
      detail: operation.last_error,
    })
  }
  if (operation.finished_at) {
    items.push({
      key: 'ended',
      title: t(`operations.state.${operation.state}`),
      tone: toneOf(operation.state),
      time: time(operation.finished_at),
    })
  } else if (operation.state === 'pending' && operation.next_attempt_at) {
    items.push({
      key: 'next',
      title: t('operations.next'),
      tone: 'neutral',
      time: time(operation.next_attempt_at),
    })
  } else {
    items.push({
      key: 'now',
      title: t(`operations.state.${operation.state}`),
      tone: toneOf(operation.state),
    })
  }
  return items
}
