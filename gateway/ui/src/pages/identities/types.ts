// The objects of these pages as the API shows them.

export type Kind = 'account' | 'alias'
export type Role = 'SuperAdmins' | 'Resellers' | 'DomainAdmins' | 'SimpleUsers'

export const ROLES: readonly Role[] = ['SimpleUsers', 'DomainAdmins', 'Resellers', 'SuperAdmins']

export interface Identity {
  kind: Kind
  pk: number
  address: string
  name: string
  enabled: boolean
  role: string
  mailbox: number | null
  quota: number | null
  quota_usage: number | null
  last_login: string | null
  recipients: string[]
  recipient_count: number
  expire_at: string | null
  domain: string
}

export interface AccountMailbox {
  pk: number
  full_address: string
  use_domain_quota: boolean
  quota: number
  quota_usage: number
}

export interface Account {
  pk: number
  username: string
  first_name: string
  last_name: string
  is_active: boolean
  master_user: boolean
  role: string
  language: string
  phone_number: string
  secondary_email: string
  domains: string[]
  mailbox: AccountMailbox | null
  last_login: string | null
  etag: string
  email: string
}

export interface Alias {
  pk: number
  address: string
  enabled: boolean
  recipients: string[]
  description: string
  expire_at: string | null
  etag: string
}

export interface MailboxOperation {
  pk: number
  mailbox: number
  type: string
  argument: string
  destination: string
  state: 'pending' | 'running' | 'done' | 'failed'
  attempts: number
  last_error: string
  creation: string | null
  next_attempt_at: string | null
  finished_at: string | null
  full_address: string
}

export interface Quota {
  pk: number
  quota: number
  use_domain_quota: boolean
  bytes: number
  messages: number
  quota_usage: number
}

/** Accounts and aliases count separately: a row of the list needs both. */
export function identityKey(identity: { kind: Kind; pk: number }): string {
  return `${identity.kind}:${identity.pk}`
}

export function pathOf(kind: Kind, pk: number): string {
  return `/api/v1/${kind === 'account' ? 'accounts' : 'aliases'}/${pk}/`
}
