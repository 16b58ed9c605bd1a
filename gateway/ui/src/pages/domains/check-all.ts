// DNS checks of many domains, a few at a time: each may wait for name servers that do not answer.

export interface CheckAllOptions {
  target: { pks: number[] } | { filter: Record<string, unknown> }
  page: (token: string) => Promise<{ pks: number[]; nextToken: string }>
  /** The status that the check has found. */
  check: (pk: number) => Promise<string>
  report: (done: number) => void
  signal: AbortSignal
  parallel?: number
}

export interface Checked {
  counts: Map<string, number>
  failed: { pk: number; error: unknown }[]
}

export async function checkAll(options: CheckAllOptions): Promise<Checked> {
  const outcome: Checked = { counts: new Map(), failed: [] }
  let seen = 0
  const checkThese = async (pks: number[]) => {
    const queue = [...pks]
    const worker = async () => {
      for (
        let pk = queue.shift();
        pk !== undefined && !options.signal.aborted;
        pk = queue.shift()
      ) {
        try {
          const status = await options.check(pk)
          outcome.counts.set(status, (outcome.counts.get(status) ?? 0) + 1)
        } catch (error) {
          if (!options.signal.aborted) {
            outcome.failed.push({ pk, error })
          }
        }
        options.report(++seen)
      }
    }
    await Promise.all(Array.from({ length: options.parallel ?? 3 }, worker))
  }
  if ('pks' in options.target) {
    await checkThese(options.target.pks)
    return outcome
  }
  let token = ''
  do {
    const { pks, nextToken } = await options.page(token)
    await checkThese(pks)
    token = nextToken
  } while (token && !options.signal.aborted)
  return outcome
}
