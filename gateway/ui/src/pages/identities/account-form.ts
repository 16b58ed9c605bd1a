// An account as its drawer edits it, and back.
import type { DraftSchema } from '@/shell/drafts'
import type { Account } from './types'

export interface AccountForm {
  first_name: string
  last_name: string
  username: string
  secondary_email: string
  phone_number: string
  language: string
  role: string
  master_user: boolean
  address: string
  own_quota: boolean
  /** Megabytes; null is unlimited. */
  quota: number | null
}

export const ACCOUNT_DRAFT: DraftSchema<AccountForm> = {
  first_name: 'text',
  last_name: 'text',
  username: 'text',
  secondary_email: 'text',
  phone_number: 'text',
  language: 'text',
  role: 'text',
  master_user: 'flag',
  address: 'text',
  own_quota: 'flag',
  quota: 'number',
}

export type AccountTab = 'profile' | 'mailbox' | 'addresses' | 'security'

export const ACCOUNT_TABS: readonly AccountTab[] = ['profile', 'mailbox', 'addresses', 'security']

const MAILBOX_FIELDS: readonly string[] = ['address', 'own_quota', 'quota']

export function accountForm(account: Account): AccountForm {
  const mailbox = account.mailbox
  return {
    first_name: account.first_name,
    last_name: account.last_name,
    username: account.username,
    secondary_email: account.secondary_email,
    phone_number: account.phone_number,
    language: account.language,
    role: account.role,
    master_user: account.master_user,
    address: mailbox?.full_address ?? '',
    own_quota: mailbox ? !mailbox.use_domain_quota : false,
    quota: mailbox && !mailbox.use_domain_quota ? mailbox.quota || null : null,
  }
}

/** The user name of a SimpleUsers account is its address: it follows, and has no field of its own. */
export function hasOwnUsername(form: Pick<AccountForm, 'role'>): boolean {
  return form.role !== 'SimpleUsers'
}

function mailboxBody(changed: Partial<AccountForm>, form: AccountForm): Record<string, unknown> {
  const body: Record<string, unknown> = {}
  if (changed.address !== undefined) {
    body.full_address = changed.address.trim()
  }
  if (changed.own_quota === false) {
    body.use_domain_quota = true
  } else if (changed.own_quota !== undefined || 'quota' in changed) {
    if (form.own_quota) {
      body.use_domain_quota = false
      body.quota = form.quota ?? 0
    }
  }
  return body
}

/** What a PATCH sends for the fields that were changed. */
export function accountBody(
  changed: Partial<AccountForm>,
  form: AccountForm,
): Record<string, unknown> {
  const body: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(changed)) {
    if (!MAILBOX_FIELDS.includes(field)) {
      body[field] = typeof value === 'string' ? value.trim() : value
    }
  }
  const mailbox = mailboxBody(changed, form)
  if (Object.keys(mailbox).length > 0) {
    body.mailbox = mailbox
  }
  return body
}

const FIELD_OF: Record<string, keyof AccountForm> = {
  'mailbox.full_address': 'address',
  'mailbox.quota': 'quota',
  'mailbox.use_domain_quota': 'quota',
  mailbox: 'address',
}

/** The field of the form that a fault of the server belongs to. */
export function accountFieldOf(serverField: string, form: AccountForm): string {
  const field = serverField.replace(/^account\./, '')
  if (field === 'username' && !hasOwnUsername(form)) {
    return 'address'
  }
  return FIELD_OF[field] ?? field
}

export function tabOfField(field: string): AccountTab {
  return MAILBOX_FIELDS.includes(field)
    ? 'mailbox'
    : field === 'password' || field === 'is_active'
      ? 'security'
      : 'profile'
}

export function countByTab(fields: Iterable<string>): Record<AccountTab, number> {
  const counts = { profile: 0, mailbox: 0, addresses: 0, security: 0 }
  for (const field of fields) {
    counts[tabOfField(field)]++
  }
  return counts
}

export interface NewAccount {
  address: string
  first_name: string
  last_name: string
  password: string
  role: string
  language: string
  own_quota: boolean
  quota: number | null
}

export const NEW_ACCOUNT_DRAFT: DraftSchema<NewAccount> = {
  address: 'text',
  first_name: 'text',
  last_name: 'text',
  password: 'secret',
  role: 'text',
  language: 'text',
  own_quota: 'flag',
  quota: 'number',
}

export function newAccount(address: string, password: string): NewAccount {
  return {
    address,
    first_name: '',
    last_name: '',
    password,
    role: 'SimpleUsers',
    language: '',
    own_quota: false,
    quota: null,
  }
}

export function newAccountBody(form: NewAccount): Record<string, unknown> {
  const address = form.address.trim()
  return {
    username: address,
    first_name: form.first_name.trim(),
    last_name: form.last_name.trim(),
    role: form.role,
    password: form.password,
    ...(form.language ? { language: form.language } : {}),
    mailbox: {
      full_address: address,
      ...(form.own_quota ? { use_domain_quota: false, quota: form.quota ?? 0 } : {}),
    },
  }
}

/** "@example.org" of "anna@example.org": what stays in the field for the next account. */
export function domainPart(address: string): string {
  const at = address.lastIndexOf('@')
  return at < 0 ? '' : address.slice(at)
}
