import { reactive } from 'vue'
import { useI18n } from 'vue-i18n'
import { problem } from '@/api/errors'
import { invalidate } from '@/api/query'
import { request } from '@/api/request'
import { useToasts } from '@/ui'
import { toUnicode } from './idn'
import type { DnsCheck, Domain } from './types'
import { DOMAINS } from './use-domain-list'

export const UNDO_SECONDS = 60
const TOAST_SECONDS = 10

export interface DeleteOptions {
  keepFolder?: boolean
}

/* What is done to one domain, from its row or from its page. */
export function useDomainActions() {
  const { t } = useI18n()
  const toasts = useToasts()
  /* What a switch shows until the server has answered. */
  const switching = reactive(new Map<number, boolean>())
  const checking = reactive(new Set<number>())

  async function setEnabled(domain: Domain, enabled: boolean): Promise<void> {
    const name = toUnicode(domain.name)
    switching.set(domain.pk, enabled)
    try {
      await request('PATCH', `${DOMAINS}${domain.pk}/`, { body: { enabled } })
      await invalidate('domains', 'domain')
    } catch (error) {
      const text = enabled ? 'domains.switch.onRefused' : 'domains.switch.offRefused'
      toasts.show({ tone: 'bad', text: t(text, { name, detail: problem(error).detail }) })
    } finally {
      switching.delete(domain.pk)
    }
  }

  /* Without a word about it: the page that asks shows the result. */
  async function recheck(domain: Pick<Domain, 'pk'>): Promise<void> {
    checking.add(domain.pk)
    try {
      await request('POST', `${DOMAINS}${domain.pk}/dns/`, { body: {} })
      await invalidate('dnschecks', 'dnscheck')
    } finally {
      checking.delete(domain.pk)
    }
  }

  async function enableDnsChecks(domain: Domain): Promise<void> {
    try {
      await request('PATCH', `${DOMAINS}${domain.pk}/`, { body: { enable_dns_checks: true } })
      await invalidate('domains', 'domain')
      await recheck(domain)
    } catch (error) {
      toasts.show({ tone: 'bad', text: problem(error).detail })
    }
  }

  async function checkDns(domain: Pick<Domain, 'pk' | 'name'>): Promise<void> {
    const name = toUnicode(domain.name)
    checking.add(domain.pk)
    try {
      const { data } = await request<DnsCheck>('POST', `${DOMAINS}${domain.pk}/dns/`, { body: {} })
      const tone = data.status === 'ok' ? 'ok' : data.status === 'wrong' ? 'bad' : 'unknown'
      toasts.show({
        tone,
        text: t('domains.dns.checked', { name, status: t(`domains.dns.status.${data.status}`) }),
      })
      await invalidate('dnschecks', 'dnscheck')
    } catch (error) {
      toasts.show({
        tone: 'bad',
        text: t('domains.dns.checkFailed', { name, detail: problem(error).detail }),
      })
    } finally {
      checking.delete(domain.pk)
    }
  }

  async function restore(domain: Pick<Domain, 'pk' | 'name'>): Promise<void> {
    const name = toUnicode(domain.name)
    try {
      await request('POST', `${DOMAINS}${domain.pk}/restore/`)
      toasts.show({ tone: 'ok', text: t('domains.delete.restored', { name }) })
    } catch (error) {
      toasts.show({
        tone: 'bad',
        text: t('domains.delete.notRestored', { name, detail: problem(error).detail }),
      })
    }
    await invalidate('domains', 'domain', 'dnschecks')
  }

  /* True if it is gone. */
  async function remove(domain: Domain, options: DeleteOptions = {}): Promise<boolean> {
    const name = toUnicode(domain.name)
    const query = {
      undo_seconds: UNDO_SECONDS,
      ...(options.keepFolder ? { keep_folder: true } : {}),
    }
    try {
      await request('DELETE', `${DOMAINS}${domain.pk}/`, { query })
    } catch (error) {
      toasts.show({
        tone: 'bad',
        text: t('domains.delete.refused', { name, detail: problem(error).detail }),
      })
      return false
    }
    toasts.show({
      tone: 'ok',
      text: t('domains.delete.done', { name }),
      seconds: TOAST_SECONDS,
      action: { label: t('domains.undo'), run: () => restore(domain) },
    })
    await invalidate('domains', 'dnschecks')
    return true
  }

  return { switching, checking, setEnabled, enableDnsChecks, checkDns, recheck, remove, restore }
}
