// Bulk changes page by page, as the API works through them, with what became of each item.

export type BulkAction = 'enable' | 'disable' | 'delete'
export type BulkTarget = { ids: number[] } | { filter: Record<string, unknown> }

export interface BulkItem {
  pk: number
  name: string
  outcome: 'done' | 'unchanged' | 'refused'
  reason: string
  detail: string
}

export interface BulkAnswer {
  results: BulkItem[]
  next_page_token: string
  total_size: number | null
}

export interface BulkOutcome {
  done: BulkItem[]
  unchanged: number
  refused: BulkItem[]
  stopped: boolean
}

export interface BulkOptions {
  post: (body: Record<string, unknown>, signal: AbortSignal) => Promise<BulkAnswer>
  /** done and total of this run. */
  report: (done: number, total: number) => void
  signal: AbortSignal
  undoSeconds?: number
  /** Whether a call that failed so may be made again. */
  isTransient?: (error: unknown) => boolean
  /** Resolves after the time, or at once when the signal says stop. */
  wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>
}

export const IDS_AT_ONCE = 1000
const PAGE = 100
const TRIES = 6

export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

/* A page that was carried out but whose answer was lost is "unchanged" when it is asked for again: nothing is
 * done twice. */
async function postPatiently(
  body: Record<string, unknown>,
  options: BulkOptions,
): Promise<BulkAnswer | null> {
  const wait = options.wait ?? pause
  for (let attempt = 1; ; attempt++) {
    try {
      return await options.post(body, options.signal)
    } catch (error) {
      if (options.signal.aborted) {
        return null
      }
      if (attempt === TRIES || !options.isTransient?.(error)) {
        throw error
      }
    }
    await wait(500 * 2 ** attempt, options.signal)
    if (options.signal.aborted) {
      return null
    }
  }
}

async function runTarget(
  body: Record<string, unknown>,
  options: BulkOptions,
  collect: (answer: BulkAnswer) => void,
): Promise<void> {
  let token = ''
  do {
    if (options.signal.aborted) {
      return
    }
    const page = { ...body, page_size: PAGE, ...(token ? { page_token: token } : {}) }
    const answer = await postPatiently(page, options)
    if (!answer) {
      return
    }
    collect(answer)
    token = answer.next_page_token
  } while (token !== '')
}

export function emptyOutcome(): BulkOutcome {
  return { done: [], unchanged: 0, refused: [], stopped: false }
}

/** Adds to `outcome` as the pages come in, so that after an error what was done is known all the same. */
export async function runBulk(
  action: BulkAction,
  target: BulkTarget,
  options: BulkOptions,
  outcome: BulkOutcome = emptyOutcome(),
): Promise<BulkOutcome> {
  const base = { action, ...(options.undoSeconds ? { undo_seconds: options.undoSeconds } : {}) }
  let total = 'ids' in target ? target.ids.length : 0
  let seen = 0
  const collect = (answer: BulkAnswer) => {
    for (const item of answer.results) {
      if (item.outcome === 'done') {
        outcome.done.push(item)
      } else if (item.outcome === 'refused') {
        outcome.refused.push(item)
      } else {
        outcome.unchanged++
      }
    }
    seen += answer.results.length
    if (!('ids' in target)) {
      total = Math.max(total, answer.total_size ?? 0, seen)
    }
    options.report(seen, total)
  }
  if ('ids' in target) {
    for (let at = 0; at < target.ids.length; at += IDS_AT_ONCE) {
      await runTarget({ ...base, ids: target.ids.slice(at, at + IDS_AT_ONCE) }, options, collect)
    }
  } else {
    await runTarget({ ...base, filter: target.filter }, options, collect)
  }
  outcome.stopped = options.signal.aborted
  return outcome
}
