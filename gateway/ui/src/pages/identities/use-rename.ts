// The operation that a rename of a mailbox orders, if it orders one.
import { ref, watch } from 'vue'
import { request } from '@/api/request'
import type { Account, MailboxOperation } from './types'

export const OPERATIONS = '/api/v1/mailboxoperations/'

export interface Rename {
  mailbox: number
  from: string
  to: string
  /** The newest operation of the mailbox before; one that was ordered since is newer. */
  after: number
}

export async function newestOperation(mailbox: number): Promise<MailboxOperation | null> {
  const query = { mailbox, page_size: 1, ordering: '-creation' }
  const { data } = await request<MailboxOperation[]>('GET', OPERATIONS, { query })
  return data.find((operation) => operation.mailbox === mailbox) ?? null
}

export function useRename(pk: () => number) {
  const state = ref<Rename | null>(null)

  watch(pk, () => {
    state.value = null
  })

  /** Before the address is saved. */
  async function prepare(
    account: Account | null,
    address: string | undefined,
  ): Promise<Rename | null> {
    const mailbox = account?.mailbox
    if (!mailbox || address === undefined) {
      return null
    }
    const newest = await newestOperation(mailbox.pk).catch(() => null)
    return { mailbox: mailbox.pk, from: mailbox.full_address, to: '', after: newest?.pk ?? 0 }
  }

  function follow(wish: Rename | null, saved: Account): void {
    if (wish && saved.mailbox && saved.mailbox.full_address !== wish.from) {
      state.value = { ...wish, to: saved.mailbox.full_address }
    }
  }

  return { state, prepare, follow }
}
