// Carries out the plan of a new domain. Every object has one Idempotency-Key for all its tries: what was made
// is not made again, also where only the answer was lost.

import { pause } from '@/lib/bulk'

export interface Job<Body> {
  id: string
  label: string
  body: Body
  /** Shown once, when the object has been made. */
  secret: string
  key: string
  state: 'waiting' | 'running' | 'done' | 'failed'
  /** The server's words. */
  error: string
  tries: number
}

export interface Failure {
  /** HTTP status, 0 where no answer came. */
  status: number
  message: string
  /** Seconds the server asks to wait. */
  retryAfter?: number
}

export type Send<Body> = (body: Body, key: string, signal: AbortSignal) => Promise<void>

export interface RunOptions<Body> {
  send: Send<Body>
  failure: (error: unknown) => Failure
  signal: AbortSignal
  onProgress?: (done: number, total: number) => void
  parallel?: number
  /** Waiting is passed in so that tests need none. */
  wait?: (ms: number, signal: AbortSignal) => Promise<void>
}

const MAX_TRIES = 4
/* A password is hashed for each: a service with its usual four workers does three at once, and somebody else
 * may want to log in meanwhile. */
const PARALLEL = 2

export function newJob<Body>(id: string, label: string, body: Body, secret = ''): Job<Body> {
  return {
    id,
    label,
    body,
    secret,
    key: crypto.randomUUID(),
    state: 'waiting',
    error: '',
    tries: 0,
  }
}

/** Worth another try with the same key: nobody answered, or not now. */
export function isTemporary(failure: Failure): boolean {
  return (
    failure.status === 0 ||
    failure.status === 429 ||
    failure.status === 503 ||
    failure.status === 504
  )
}

async function runOne<Body>(job: Job<Body>, options: RunOptions<Body>): Promise<void> {
  const wait = options.wait ?? pause
  job.state = 'running'
  job.error = ''
  for (let tries = 1; ; tries++) {
    job.tries++
    try {
      await options.send(job.body, job.key, options.signal)
      job.state = 'done'
      return
    } catch (error) {
      if (options.signal.aborted) {
        job.state = 'waiting'
        return
      }
      const failure = options.failure(error)
      if (!isTemporary(failure) || tries === MAX_TRIES) {
        job.state = 'failed'
        job.error = failure.message
        return
      }
      await wait(Math.min(failure.retryAfter ?? 2 ** (tries - 1), 10) * 1000, options.signal)
    }
  }
}

/** Runs all jobs that are not done, a few at a time. Ends early, with jobs left waiting, when the signal says so. */
export async function runJobs<Body>(jobs: Job<Body>[], options: RunOptions<Body>): Promise<void> {
  const queue = jobs.filter((job) => job.state !== 'done')
  const progress = () =>
    options.onProgress?.(
      jobs.filter((job) => job.state === 'done' || job.state === 'failed').length,
      jobs.length,
    )
  queue.forEach((job) => (job.state = 'waiting'))
  progress()
  const worker = async () => {
    for (let job = queue.shift(); job && !options.signal.aborted; job = queue.shift()) {
      await runOne(job, options)
      progress()
    }
  }
  await Promise.all(Array.from({ length: options.parallel ?? PARALLEL }, worker))
}
