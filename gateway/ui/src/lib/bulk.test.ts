import { describe, expect, it, vi } from 'vitest'
import { emptyOutcome, pause, runBulk, type BulkAnswer, type BulkItem } from './bulk'

function item(pk: number, outcome: BulkItem['outcome'] = 'done'): BulkItem {
  return { pk, name: `u${pk}@example.org`, outcome, reason: '', detail: '' }
}

function answer(results: BulkItem[], next = '', total: number | null = null): BulkAnswer {
  return { results, next_page_token: next, total_size: total }
}

function harness(answers: (BulkAnswer | Error)[]) {
  const bodies: Record<string, unknown>[] = []
  const reports: [number, number][] = []
  const controller = new AbortController()
  const options = {
    post: vi.fn(async (body: Record<string, unknown>) => {
      bodies.push(body)
      const next = answers.shift()
      if (next instanceof Error) {
        throw next
      }
      return next ?? answer([])
    }),
    report: (done: number, total: number) => void reports.push([done, total]),
    signal: controller.signal,
    isTransient: (error: unknown) => (error as Error).message === 'away',
    wait: vi.fn(async () => {}),
  }
  return { bodies, reports, controller, options }
}

describe('runBulk', () => {
  it('follows the page tokens of a filter and reports against the total', async () => {
    const { bodies, reports, options } = harness([
      answer([item(1), item(2, 'unchanged')], 'next', 3),
      answer([item(3, 'refused')], '', null),
    ])
    const outcome = await runBulk('disable', { filter: { domain: 'example.org' } }, options)
    expect(bodies).toEqual([
      { action: 'disable', filter: { domain: 'example.org' }, page_size: 100 },
      { action: 'disable', filter: { domain: 'example.org' }, page_size: 100, page_token: 'next' },
    ])
    expect(reports).toEqual([
      [2, 3],
      [3, 3],
    ])
    expect(outcome.done.map((done) => done.pk)).toEqual([1])
    expect(outcome.unchanged).toBe(1)
    expect(outcome.refused.map((refused) => refused.pk)).toEqual([3])
    expect(outcome.stopped).toBe(false)
  })

  it('sends ids a thousand at a time', async () => {
    const { bodies, options } = harness([])
    const ids = Array.from({ length: 2001 }, (_, index) => index + 1)
    await runBulk('delete', { ids }, { ...options, undoSeconds: 60 })
    expect(bodies.map((body) => (body.ids as number[]).length)).toEqual([1000, 1000, 1])
    expect(bodies[0]).toMatchObject({ undo_seconds: 60 })
  })

  it('stops between two pages', async () => {
    const { bodies, controller, options } = harness([answer([item(1)], 'next', 9)])
    const report = () => controller.abort()
    const outcome = await runBulk('enable', { filter: {} }, { ...options, report })
    expect(bodies).toHaveLength(1)
    expect(outcome).toMatchObject({ stopped: true, done: [item(1)] })
  })

  it('asks again for a page while a service is away', async () => {
    const { bodies, options } = harness([new Error('away'), answer([item(1)], '', 1)])
    const outcome = await runBulk('enable', { filter: {} }, options)
    expect(bodies[0]).toEqual(bodies[1])
    expect(options.wait).toHaveBeenCalledTimes(1)
    expect(outcome.done).toHaveLength(1)
  })

  it('gives up in the end, and what was done before is known', async () => {
    const away = Array.from({ length: 9 }, () => new Error('away'))
    const { options } = harness([answer([item(1)], 'next', 2), ...away])
    const outcome = emptyOutcome()
    await expect(runBulk('enable', { filter: {} }, options, outcome)).rejects.toThrow('away')
    expect(outcome.done).toHaveLength(1)
    expect(options.post).toHaveBeenCalledTimes(7)
  })

  it('does not ask again after a refusal', async () => {
    const { options } = harness([new Error('forbidden')])
    await expect(runBulk('enable', { filter: {} }, options)).rejects.toThrow('forbidden')
    expect(options.post).toHaveBeenCalledTimes(1)
  })

  it('takes a call that was cut off for a stop, not for an error', async () => {
    const { controller, options } = harness([])
    const post = async () => {
      controller.abort()
      throw new Error('aborted')
    }
    await expect(runBulk('enable', { ids: [1] }, { ...options, post })).resolves.toMatchObject({
      stopped: true,
    })
  })
})

describe('pause', () => {
  it('ends at once when the run is stopped', async () => {
    const controller = new AbortController()
    const paused = pause(60_000, controller.signal)
    controller.abort()
    await expect(paused).resolves.toBeUndefined()
  })
})
