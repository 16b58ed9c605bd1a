// Changes of many identities: in the task tray, with what was refused in a drawer, and undone from a toast.
import { shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { ApiError, isTransient, problem } from '@/api/errors'
import { request } from '@/api/request'
import { emptyOutcome, runBulk, type BulkAction, type BulkAnswer, type BulkItem } from '@/lib/bulk'
import { number } from '@/lib/format'
import { useTasks, type Report } from '@/shell/tasks'
import { useToasts } from '@/ui'
import { BULK_PATHS, rowsOf, undoSeconds, type BulkRequest, type BulkRow } from './bulk-targets'
import { pathOf } from './types'
import { refreshLists } from './use-row-actions'

const UNDO_SHOWN_SECONDS = 10
const RESTORES_AT_ONCE = 4

export interface BulkResult {
  title: string
  summary: string
  done: BulkRow[]
  refused: BulkRow[]
}

const OPPOSITE = { enable: 'disable', disable: 'enable' } as const

export function useBulk() {
  const { t } = useI18n()
  const tasks = useTasks()
  const toasts = useToasts()
  const result = shallowRef<BulkResult | null>(null)

  function inWords(item: BulkItem): BulkItem {
    const { reason, detail } = item
    return { ...item, detail: problem(new ApiError({ status: 409, reason, detail })).detail }
  }

  function summaryOf(key: string, found: { done: number; unchanged: number; refused: number }) {
    const parts = [t(`identities.bulk.${key}.done`, { n: number(found.done) }, found.done)]
    for (const name of ['unchanged', 'refused'] as const) {
      if (found[name] > 0) {
        parts.push(t(`identities.bulk.${name}`, { n: number(found[name]) }, found[name]))
      }
    }
    return parts.join(' · ')
  }

  function tell(found: BulkResult, undo: (() => void) | null): string {
    if (found.refused.length > 0) {
      result.value = found
    }
    toasts.show({
      tone: found.refused.length > 0 ? 'warn' : 'ok',
      text: found.summary,
      ...(undo
        ? { action: { label: t('identities.undo'), run: undo }, seconds: UNDO_SHOWN_SECONDS }
        : {}),
    })
    return found.summary
  }

  async function runAll(
    action: BulkAction,
    requests: BulkRequest[],
    total: number,
    report: Report,
    signal: AbortSignal,
  ): Promise<string> {
    const outcomes = requests.map((part) => ({ ...part, seen: 0, outcome: emptyOutcome() }))
    const conclude = () => conclusion(action, outcomes)
    try {
      for (const part of outcomes) {
        await runBulk(
          action,
          part.target,
          {
            post: async (body, aborted) =>
              (await request<BulkAnswer>('POST', BULK_PATHS[part.kind], { body, signal: aborted }))
                .data,
            report: (done) => {
              part.seen = done
              report(
                outcomes.reduce((sum, one) => sum + one.seen, 0),
                total,
              )
            },
            signal,
            isTransient,
            ...(action === 'delete' ? { undoSeconds: undoSeconds(total) } : {}),
          },
          part.outcome,
        )
      }
      return conclude()
    } catch (error) {
      if (outcomes.some((part) => part.outcome.done.length > 0)) {
        conclude()
      }
      throw error
    } finally {
      await refreshLists()
    }
  }

  function conclusion(
    action: BulkAction,
    parts: (BulkRequest & { outcome: ReturnType<typeof emptyOutcome> })[],
  ): string {
    const done = parts.flatMap((part) => rowsOf(part.kind, part.outcome.done))
    const refused = parts.flatMap((part) => rowsOf(part.kind, part.outcome.refused.map(inWords)))
    const unchanged = parts.reduce((sum, part) => sum + part.outcome.unchanged, 0)
    const counts = { done: done.length, unchanged, refused: refused.length }
    const found = { title: t(`identities.bulk.${action}.title`), done, refused }
    const undo = done.length === 0 ? null : () => undoOf(action, done)
    return tell({ ...found, summary: summaryOf(action, counts) }, undo)
  }

  function undoOf(action: BulkAction, done: BulkRow[]): void {
    if (action === 'delete') {
      restoreAll(done)
      return
    }
    const requests = (['account', 'alias'] as const)
      .map((kind) => ({
        kind,
        target: { ids: done.filter((row) => row.kind === kind).map((row) => row.pk) },
      }))
      .filter((part) => part.target.ids.length > 0)
    change(OPPOSITE[action], requests, done.length)
  }

  function change(action: BulkAction, requests: BulkRequest[], total: number): void {
    void tasks.start({
      title: t(`identities.bulk.${action}.task`, { n: number(total) }, total),
      total,
      run: (report, signal) => runAll(action, requests, total, report, signal),
    })
  }

  function restoreAll(rows: BulkRow[]): void {
    void tasks.start({
      title: t('identities.bulk.restore.task', { n: number(rows.length) }, rows.length),
      total: rows.length,
      run: async (report, signal) => {
        const waiting = [...rows]
        const done: BulkRow[] = []
        const refused: BulkRow[] = []
        const work = async () => {
          for (let row = waiting.shift(); row && !signal.aborted; row = waiting.shift()) {
            try {
              await request('POST', `${pathOf(row.kind, row.pk)}restore/`, { signal })
              done.push(row)
            } catch (error) {
              const { reason, detail } = problem(error)
              refused.push({ ...row, outcome: 'refused', reason, detail })
            }
            report(done.length + refused.length)
          }
        }
        await Promise.all(Array.from({ length: RESTORES_AT_ONCE }, work))
        await refreshLists()
        const counts = { done: done.length, unchanged: 0, refused: refused.length }
        const title = t('identities.bulk.restore.title')
        return tell({ title, done, refused, summary: summaryOf('restore', counts) }, null)
      },
    })
  }

  return { result, change }
}
