// Puts all failed operations back into the queue.
import type { MailboxOperation } from './operation'

export interface RetryOptions {
  /** The next failed operations; each that is put back leaves this list. */
  nextFailed: (
    after: string,
    signal: AbortSignal,
  ) => Promise<{ rows: MailboxOperation[]; nextToken: string }>
  retry: (pk: number, signal: AbortSignal) => Promise<void>
  report: (done: number) => void
  signal: AbortSignal
}

export interface RetryOutcome {
  done: number
  refused: { operation: MailboxOperation; error: unknown }[]
}

export async function retryAll(options: RetryOptions): Promise<RetryOutcome> {
  const failed: MailboxOperation[] = []
  const outcome: RetryOutcome = { done: 0, refused: [] }
  let token = ''
  /* The whole list first: one that fails again at once must not come round for ever. */
  do {
    const page = await options.nextFailed(token, options.signal)
    failed.push(...page.rows)
    token = page.nextToken
  } while (token && !options.signal.aborted)
  for (const operation of failed) {
    if (options.signal.aborted) {
      break
    }
    try {
      await options.retry(operation.pk, options.signal)
      outcome.done++
    } catch (error) {
      outcome.refused.push({ operation, error })
    }
    options.report(outcome.done + outcome.refused.length)
  }
  return outcome
}
