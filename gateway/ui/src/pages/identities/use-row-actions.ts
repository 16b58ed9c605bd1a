// What is done to one identity from its row or its drawer.
import { reactive } from 'vue'
import { useI18n } from 'vue-i18n'
import { problem } from '@/api/errors'
import { invalidate } from '@/api/query'
import { request } from '@/api/request'
import { useToasts } from '@/ui'
import { identityKey, pathOf, type Kind } from './types'

const UNDO_SECONDS = 60
const UNDO_SHOWN_SECONDS = 10

export interface Target {
  kind: Kind
  pk: number
  address: string
}

export function refreshLists(): Promise<void> {
  return invalidate(
    'identities',
    'account',
    'alias',
    'aliases',
    'quotas',
    'quota',
    'domains',
    'domain',
  )
}

export function useRowActions() {
  const { t } = useI18n()
  const toasts = useToasts()
  /* What a switch shows until the server has answered and the list has come anew. */
  const switching = reactive(new Map<string, boolean>())

  function fail(text: string, target: Target, error: unknown): void {
    const { detail } = problem(error)
    toasts.show({ tone: 'bad', text: t(text, { address: target.address, detail }) })
  }

  async function setEnabled(target: Target, enabled: boolean): Promise<boolean> {
    const key = identityKey(target)
    if (switching.has(key)) {
      return false
    }
    switching.set(key, enabled)
    try {
      const body = target.kind === 'account' ? { is_active: enabled } : { enabled }
      await request('PATCH', pathOf(target.kind, target.pk), { body })
      await refreshLists()
      return true
    } catch (error) {
      fail(enabled ? 'identities.switch.onRefused' : 'identities.switch.offRefused', target, error)
      return false
    } finally {
      switching.delete(key)
    }
  }

  async function restore(target: Target): Promise<void> {
    try {
      await request('POST', `${pathOf(target.kind, target.pk)}restore/`)
      toasts.show({
        tone: 'ok',
        text: t('identities.delete.restored', { address: target.address }),
      })
    } catch (error) {
      fail('identities.delete.notRestored', target, error)
    }
    await refreshLists()
  }

  /** True if it is gone. */
  async function remove(target: Target): Promise<boolean> {
    try {
      const query = { undo_seconds: UNDO_SECONDS }
      await request('DELETE', pathOf(target.kind, target.pk), { query })
    } catch (error) {
      fail('identities.delete.refused', target, error)
      return false
    }
    toasts.show({
      tone: 'ok',
      text: t('identities.delete.done', { address: target.address }),
      seconds: UNDO_SHOWN_SECONDS,
      action: { label: t('identities.undo'), run: () => restore(target) },
    })
    await refreshLists()
    return true
  }

  async function copyAddress(address: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(address)
      toasts.show({ tone: 'ok', text: t('identities.copied', { address }) })
    } catch {
      toasts.show({ tone: 'bad', text: t('identities.notCopied', { address }) })
    }
  }

  return { switching, setEnabled, remove, copyAddress }
}
