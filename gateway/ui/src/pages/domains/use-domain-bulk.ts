import { ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { ApiError, isTransient, problem } from '@/api/errors'
import { fetchPage } from '@/api/list'
import { invalidate } from '@/api/query'
import { request } from '@/api/request'
import {
  emptyOutcome,
  runBulk,
  type BulkAction,
  type BulkAnswer,
  type BulkItem,
  type BulkTarget,
} from '@/lib/bulk'
import { useTasks } from '@/shell/tasks'
import { useToasts } from '@/ui'
import { checkAll, type Checked } from './check-all'
import type { DnsCheck, Domain } from './types'
import { UNDO_SECONDS } from './use-domain-actions'
import { DOMAINS } from './use-domain-list'

const TOAST_SECONDS = 10

export interface Refusal {
  pk: number
  name: string
  detail: string
}

export interface BulkReport {
  title: string
  summary: string[]
  refused: Refusal[]
}

function refusalOf(item: BulkItem): Refusal {
  const { reason, detail } = item
  return {
    pk: item.pk,
    name: item.name,
    detail: problem(new ApiError({ status: 409, reason, detail })).detail,
  }
}

/* Changes of many domains, in the task tray; `report` is what a dialog tells when something was refused. */
export function useDomainBulk() {
  const { t } = useI18n()
  const tasks = useTasks()
  const toasts = useToasts()
  const report = ref<BulkReport | null>(null)

  function restoreAll(items: BulkItem[]): void {
    void tasks.start({
      title: t('domains.bulk.restoring'),
      total: items.length,
      run: async (tell, signal) => {
        const refused: Refusal[] = []
        for (const [index, item] of items.entries()) {
          if (signal.aborted) {
            break
          }
          try {
            await request('POST', `${DOMAINS}${item.pk}/restore/`, { signal })
          } catch (error) {
            refused.push({ pk: item.pk, name: item.name, detail: problem(error).detail })
          }
          tell(index + 1)
        }
        await invalidate('domains', 'domain', 'dnschecks')
        const done = items.length - refused.length
        return finish(
          t('domains.bulk.restoring'),
          [t('domains.bulk.restored', { n: done }, done)],
          refused,
        )
      },
    })
  }

  function finish(title: string, summary: string[], refused: Refusal[]): string {
    if (refused.length > 0) {
      summary.push(t('domains.bulk.refused', { n: refused.length }, refused.length))
      report.value = { title, summary, refused }
    }
    return summary.join(' · ')
  }

  function change(action: BulkAction, target: BulkTarget, total: number): void {
    const title = t(`domains.bulk.${action}.task`)
    const outcome = emptyOutcome()
    const post = async (body: Record<string, unknown>, signal: AbortSignal) =>
      (await request<BulkAnswer>('POST', `${DOMAINS}bulk/`, { body, signal })).data
    const tellWhatWasDone = () => {
      const n = outcome.done.length
      const summary = [t(`domains.bulk.${action}.done`, { n }, n)]
      if (outcome.unchanged > 0) {
        summary.push(t('domains.bulk.unchanged', { n: outcome.unchanged }, outcome.unchanged))
      }
      const text = finish(title, summary, outcome.refused.map(refusalOf))
      const undo =
        action === 'delete' && n > 0
          ? {
              action: { label: t('domains.undo'), run: () => restoreAll(outcome.done) },
              seconds: TOAST_SECONDS,
            }
          : {}
      toasts.show({ tone: outcome.refused.length > 0 ? 'warn' : 'ok', text, ...undo })
      return text
    }
    void tasks.start({
      title,
      total,
      run: async (tell, signal) => {
        const options = {
          post,
          report: tell,
          signal,
          isTransient,
          ...(action === 'delete' ? { undoSeconds: UNDO_SECONDS } : {}),
        }
        try {
          await runBulk(action, target, options, outcome)
          return tellWhatWasDone()
        } catch (error) {
          if (outcome.done.length > 0) {
            tellWhatWasDone()
          }
          throw error
        } finally {
          await invalidate('domains', 'domain', 'dnschecks')
        }
      },
    })
  }

  function checkDns(
    target: { pks: number[] } | { filter: Record<string, unknown> },
    total: number,
  ): void {
    const title = t('domains.bulk.check.task')
    void tasks.start({
      title,
      total,
      run: async (tell, signal) => {
        const outcome = await checkAll({
          target,
          page: async (page_token) => {
            const filter = 'filter' in target ? (target.filter as Record<string, string>) : {}
            const page = await fetchPage<Domain>(
              DOMAINS,
              { ...filter, page_size: 200, page_token },
              signal,
            )
            return { pks: page.rows.map((domain) => domain.pk), nextToken: page.nextToken }
          },
          check: async (pk) =>
            (await request<DnsCheck>('POST', `${DOMAINS}${pk}/dns/`, { body: {}, signal })).data
              .status,
          report: (done) => tell(done),
          signal,
        })
        await invalidate('dnschecks', 'dnscheck')
        return finish(
          title,
          checkSummary(outcome),
          outcome.failed.map(({ pk, error }) => ({
            pk,
            name: `#${pk}`,
            detail: problem(error).detail,
          })),
        )
      },
    })
  }

  function checkSummary(outcome: Checked): string[] {
    return [...outcome.counts].map(([status, n]) => `${t(`domains.dns.status.${status}`)}: ${n}`)
  }

  return { report, change, checkDns }
}
