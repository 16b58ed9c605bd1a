// The aliases that lead to a mailbox: add one, take the mailbox out of one, and back.
import { computed, ref, watch } from 'vue'
import { fieldErrors, problem } from '@/api/errors'
import { useList } from '@/api/list'
import { request } from '@/api/request'
import type { Account, Alias } from './types'
import { refreshLists } from './use-row-actions'

const ALIASES = '/api/v1/aliases/'
const PAGE_SIZE = 25

export interface Removed {
  alias: Alias
  /** Nobody else was left in it: the alias itself is gone. */
  isDeleted: boolean
}

export function useLead(account: () => Account) {
  const mailbox = computed(() => account().mailbox)
  const address = computed(() => mailbox.value?.full_address ?? '')
  const pageSize = ref(PAGE_SIZE)
  const aliases = useList<Alias>(
    'aliases',
    ALIASES,
    () => ({ mailbox: mailbox.value?.pk, page_size: pageSize.value, count: true }),
    { name: 'address', enabled: () => mailbox.value !== null },
  )
  const busy = ref('')
  const error = ref('')
  const fieldError = ref<string[]>([])
  const removed = ref<Removed | null>(null)

  /* The last one of the last page was taken out. */
  watch(
    () => aliases.rows.length === 0 && !aliases.fetching && !aliases.error && aliases.hasPrevious,
    (isPastTheEnd) => isPastTheEnd && aliases.previous(),
  )

  async function attempt(name: string, run: () => Promise<void>): Promise<boolean> {
    if (busy.value) {
      return false
    }
    busy.value = name
    error.value = ''
    fieldError.value = []
    try {
      await run()
      await refreshLists()
      return true
    } catch (fault) {
      const messages = Object.values(fieldErrors(fault)).flat()
      if (name === 'add' && messages.length > 0) {
        fieldError.value = messages
      } else {
        error.value = problem(fault).detail
      }
      return false
    } finally {
      busy.value = ''
    }
  }

  function setRecipients(alias: Alias, recipients: string[]): Promise<unknown> {
    return request('PATCH', `${ALIASES}${alias.pk}/`, { body: { recipients } })
  }

  function add(wanted: string): Promise<boolean> {
    removed.value = null
    return attempt('add', async () => {
      const body = { address: wanted.trim(), recipients: [address.value] }
      await request('POST', ALIASES, { body })
    })
  }

  function remove(alias: Alias): Promise<boolean> {
    const rest = alias.recipients.filter((recipient) => recipient !== address.value)
    return attempt(`remove ${alias.pk}`, async () => {
      if (rest.length > 0) {
        await setRecipients(alias, rest)
      } else {
        await request('DELETE', `${ALIASES}${alias.pk}/`, { query: { undo_seconds: 60 } })
      }
      removed.value = { alias, isDeleted: rest.length === 0 }
    })
  }

  function undo(): Promise<boolean> {
    const last = removed.value
    if (!last) {
      return Promise.resolve(false)
    }
    return attempt('undo', async () => {
      if (last.isDeleted) {
        await request('POST', `${ALIASES}${last.alias.pk}/restore/`)
      } else {
        await setRecipients(last.alias, last.alias.recipients)
      }
      removed.value = null
    })
  }

  return {
    mailbox,
    address,
    aliases,
    pageSize,
    busy,
    error,
    fieldError,
    removed,
    add,
    remove,
    undo,
  }
}
