import { expect, test } from 'vitest'
import { checkAll } from './check-all'

const signal = new AbortController().signal

test('what each check has found is counted, what failed is kept', async () => {
  const seen: number[] = []
  const outcome = await checkAll({
    target: { pks: [1, 2, 3, 4] },
    page: () => Promise.reject(new Error('not asked')),
    check: (pk) =>
      pk === 3 ? Promise.reject(new Error('away')) : Promise.resolve(pk === 1 ? 'ok' : 'wrong'),
    report: (done) => seen.push(done),
    signal,
  })
  expect(Object.fromEntries(outcome.counts)).toEqual({ ok: 1, wrong: 2 })
  expect(outcome.failed.map((one) => one.pk)).toEqual([3])
  expect(seen).toEqual([1, 2, 3, 4])
})

test('a filter is worked through page by page', async () => {
  const pages: Record<string, { pks: number[]; nextToken: string }> = {
    '': { pks: [1, 2], nextToken: 'b' },
    b: { pks: [3], nextToken: '' },
  }
  const checked: number[] = []
  await checkAll({
    target: { filter: {} },
    page: (token) => Promise.resolve(pages[token]!),
    check: (pk) => {
      checked.push(pk)
      return Promise.resolve('ok')
    },
    report: () => {},
    signal,
  })
  expect(checked).toEqual([1, 2, 3])
})

test('a stop ends it, and what was cut off is no failure', async () => {
  const stop = new AbortController()
  const outcome = await checkAll({
    target: { pks: [1, 2, 3] },
    page: () => Promise.reject(new Error('not asked')),
    check: () => {
      stop.abort()
      return Promise.reject(new Error('aborted'))
    },
    report: () => {},
    signal: stop.signal,
    parallel: 1,
  })
  expect(outcome.failed).toEqual([])
})
