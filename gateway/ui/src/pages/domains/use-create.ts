import { computed, reactive, ref, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { fieldErrors, problem } from '@/api/errors'
import { invalidate } from '@/api/query'
import { request } from '@/api/request'
import { generatePassword } from '@/lib/password'
import { useTasks } from '@/shell/tasks'
import { newJob, runJobs, type Failure, type Job, type Send } from './create-run'
import { toUnicode } from './idn'
import { parsePaste } from './paste'
import {
  accountBody,
  domainBody,
  emptyForm,
  makePlan,
  type AccountBody,
  type DomainBody,
  type DomainForm,
} from './plan'
import type { Domain } from './types'
import { DOMAINS } from './use-domain-list'

function failureOf(error: unknown): Failure {
  const { status, detail, retryAfterSeconds } = problem(error)
  const message = Object.values(fieldErrors(error)).flat().join(' ') || detail
  return {
    status,
    message,
    ...(retryAfterSeconds === null ? {} : { retryAfter: retryAfterSeconds }),
  }
}

/* Makes a domain and its mailboxes, in the task tray, and can go on where it failed. */
export function useCreate() {
  const { t } = useI18n()
  const tasks = useTasks()
  const form = reactive<DomainForm>({ ...emptyForm })
  const plan = computed(() => makePlan(form))
  const made = shallowRef<Domain | null>(null)
  const domainJob = shallowRef<Job<DomainBody> | null>(null)
  const jobs = ref<Job<AccountBody>[]>([])
  const isRunning = ref(false)
  /* What the server says about the domain. */
  const error = shallowRef<unknown>(null)

  const failed = computed(() => jobs.value.filter((job) => job.state !== 'done'))
  const secrets = computed(() =>
    jobs.value
      .filter((job) => job.state === 'done')
      .map((job) => ({ label: job.label, secret: job.secret })),
  )

  const sendDomain: Send<DomainBody> = async (body, key, signal) => {
    try {
      const headers = { 'Idempotency-Key': key }
      made.value = (await request<Domain>('POST', DOMAINS, { body, headers, signal })).data
    } catch (fault) {
      error.value = fault
      throw fault
    }
  }

  const sendAccount: Send<AccountBody> = async (body, key, signal) => {
    await request('POST', '/api/v1/accounts/', {
      body,
      headers: { 'Idempotency-Key': key },
      signal,
    })
  }

  /* The same wish keeps its key; another one is another call. */
  async function makeDomain(signal: AbortSignal): Promise<boolean> {
    if (made.value) {
      return true
    }
    const body = domainBody(form)
    if (JSON.stringify(domainJob.value?.body) !== JSON.stringify(body)) {
      domainJob.value = newJob('domain', body.name, body)
    }
    error.value = null
    await runJobs([domainJob.value!], { send: sendDomain, failure: failureOf, signal })
    return made.value !== null
  }

  function makeJobs(): void {
    jobs.value = plan.value.rows
      .filter((row) => row.faults.length === 0)
      .map((row) => {
        const secret = generatePassword()
        return newJob(row.local, row.address, accountBody(row, secret), secret)
      })
  }

  async function run(): Promise<void> {
    isRunning.value = true
    const name = toUnicode(domainBody(form).name)
    await tasks.start({
      title: t('domains.new.task', { name }),
      total: jobs.value.length + 1,
      run: async (report, signal) => {
        if (!(await makeDomain(signal))) {
          throw error.value ?? new DOMException('', 'AbortError')
        }
        report(1)
        await runJobs(jobs.value, {
          send: sendAccount,
          failure: failureOf,
          signal,
          onProgress: (done) => report(done + 1),
        })
        await invalidate('domains', 'domain', 'identities', 'accounts', 'quotas', 'dnschecks')
        const n = failed.value.length
        return n > 0 ? t('domains.new.failedRows', { n }, n) : t('domains.new.done', { name })
      },
    })
    isRunning.value = false
  }

  /* Creates the domain and, row by row, its mailboxes. */
  async function create(): Promise<void> {
    if (jobs.value.length === 0 && !made.value) {
      makeJobs()
    }
    await run()
    if (!made.value) {
      jobs.value = []
    }
  }

  /* The failed rows, as they were corrected. A row that is as it was is the same call as before. */
  async function retry(text: string): Promise<void> {
    const domain = made.value?.name ?? ''
    const before = new Map(failed.value.map((job) => [job.id, job]))
    const again = parsePaste(text, domain)
      .filter((row) => row.faults.length === 0)
      .map((row) => {
        const old = before.get(row.local)
        const secret = old?.secret ?? generatePassword()
        const address = `${row.local}@${domain}`
        const body = accountBody({ ...row, address, effectiveQuota: 0 }, secret)
        return old && JSON.stringify(old.body) === JSON.stringify(body)
          ? old
          : newJob(row.local, address, body, secret)
      })
    jobs.value = [...jobs.value.filter((job) => job.state === 'done'), ...again]
    await run()
  }

  return { form, plan, made, jobs, failed, secrets, isRunning, error, create, retry }
}

/** The lines of the paste box that stand for these accounts. */
export function linesOf(jobs: Job<AccountBody>[]): string {
  return jobs
    .map(({ id, body }) => {
      const name = [body.first_name, body.last_name].filter(Boolean).join(' ')
      const quota = body.mailbox.quota === undefined ? '' : String(body.mailbox.quota)
      return [id, name, quota].join(', ').replace(/[, ]+$/, '')
    })
    .join('\n')
}
