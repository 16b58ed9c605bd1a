import { expect, test, vi } from 'vitest'
import { newJob, runJobs, type Failure } from './create-run'

const failure = (error: unknown) => error as Failure
const noWait = () => Promise.resolve()

function signal(): AbortSignal {
  return new AbortController().signal
}

test('a refused row is tried again alone, with the key it had', async () => {
  const jobs = [newJob('1', 'a', 'a'), newJob('2', 'b', 'b'), newJob('3', 'c', 'c')]
  const sent: string[] = []
  let refuse = true
  const send = (body: string, key: string) => {
    sent.push(`${body} ${key}`)
    return refuse && body === 'b'
      ? Promise.reject({ status: 400, message: 'no room' })
      : Promise.resolve()
  }
  await runJobs(jobs, { send, failure, signal: signal() })
  expect(jobs.map((job) => job.state)).toEqual(['done', 'failed', 'done'])
  expect(jobs[1]?.error).toBe('no room')
  refuse = false
  await runJobs(jobs, { send, failure, signal: signal() })
  expect(jobs.map((job) => job.state)).toEqual(['done', 'done', 'done'])
  expect(sent).toHaveLength(4)
  expect(sent[3]).toBe(`b ${jobs[1]?.key}`)
  expect(sent[1]).toBe(sent[3])
})

test('a service that is away is waited for, with the same key', async () => {
  const job = newJob('1', 'a', 'a')
  const keys: string[] = []
  const wait = vi.fn(noWait)
  const send = (_: string, key: string) => {
    keys.push(key)
    return keys.length < 3
      ? Promise.reject({ status: 503, message: 'away', retryAfter: 2 })
      : Promise.resolve()
  }
  await runJobs([job], { send, failure, signal: signal(), wait })
  expect(job.state).toBe('done')
  expect(new Set(keys).size).toBe(1)
  expect(wait.mock.calls.map((call) => (call as unknown[])[0])).toEqual([2000, 2000])
})

test('it gives up after four tries', async () => {
  const job = newJob('1', 'a', 'a')
  const send = () => Promise.reject({ status: 0, message: 'no answer' })
  await runJobs([job], { send, failure, signal: signal(), wait: noWait })
  expect(job).toMatchObject({ state: 'failed', error: 'no answer', tries: 4 })
})

test('stopping leaves the rest waiting', async () => {
  const stop = new AbortController()
  const jobs = [newJob('1', 'a', 'a'), newJob('2', 'b', 'b')]
  const send = () => {
    stop.abort()
    return Promise.resolve()
  }
  await runJobs(jobs, { send, failure, signal: stop.signal, parallel: 1 })
  expect(jobs.map((job) => job.state)).toEqual(['done', 'waiting'])
})

test('progress counts what has ended', async () => {
  const jobs = [newJob('1', 'a', 'a'), newJob('2', 'b', 'b')]
  const seen: string[] = []
  const send = (body: string) =>
    body === 'b' ? Promise.reject({ status: 400, message: '' }) : Promise.resolve()
  await runJobs(jobs, {
    send,
    failure,
    signal: signal(),
    parallel: 1,
    onProgress: (done, total) => seen.push(`${done}/${total}`),
  })
  expect(seen).toEqual(['0/2', '1/2', '2/2'])
})
