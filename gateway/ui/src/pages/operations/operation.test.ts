import { expect, test } from 'vitest'
import { history, isUnderWay, type MailboxOperation } from './operation'
import { retryAll } from './retry'

function operation(change: Partial<MailboxOperation> = {}): MailboxOperation {
  return {
    pk: 1,
    mailbox: 7,
    type: 'rename',
    argument: 'a/anna',
    destination: 'a/anne',
    state: 'pending',
    attempts: 0,
    last_error: '',
    creation: '2026-01-01T00:00:00Z',
    next_attempt_at: null,
    finished_at: null,
    full_address: 'anne@a',
    ...change,
  }
}

const words = { t: (key: string) => key, time: (value: string | null) => value ?? '' }
const keys = (change: Partial<MailboxOperation>) =>
  history(operation(change), words).map((item) => item.key)

test('the history of an operation', () => {
  expect(keys({})).toEqual(['ordered', 'now'])
  expect(keys({ state: 'running', attempts: 1 })).toEqual(['ordered', 'tries', 'now'])
  expect(
    keys({ attempts: 2, last_error: 'busy', next_attempt_at: '2026-01-01T00:01:00Z' }),
  ).toEqual(['ordered', 'tries', 'next'])
  expect(keys({ state: 'failed', attempts: 5, finished_at: '2026-01-01T00:02:00Z' })).toEqual([
    'ordered',
    'tries',
    'ended',
  ])
})

test('what is under way is asked about again', () => {
  expect(
    ['pending', 'running', 'done', 'failed'].map((state) => isUnderWay(operation({ state }))),
  ).toEqual([true, true, false, false])
})

test('each failed operation is tried once, also if it fails again meanwhile', async () => {
  const pages: Record<string, { rows: MailboxOperation[]; nextToken: string }> = {
    '': { rows: [operation({ pk: 1 }), operation({ pk: 2 })], nextToken: 'b' },
    b: { rows: [operation({ pk: 3 })], nextToken: '' },
  }
  const tried: number[] = []
  const outcome = await retryAll({
    nextFailed: (token) => Promise.resolve(pages[token]!),
    retry: (pk) => {
      tried.push(pk)
      return pk === 2 ? Promise.reject(new Error('not failed')) : Promise.resolve()
    },
    report: () => {},
    signal: new AbortController().signal,
  })
  expect(tried).toEqual([1, 2, 3])
  expect(outcome.done).toBe(2)
  expect(outcome.refused.map((one) => one.operation.pk)).toEqual([2])
})
