// The objects of these pages as the API shows them.
import type { components } from '@/api/schema'

export type Kind = 'account' | 'alias'
export type Role = 'SuperAdmins' | 'Resellers' | 'DomainAdmins' | 'SimpleUsers'

export const ROLES: readonly Role[] = ['SimpleUsers', 'DomainAdmins', 'Resellers', 'SuperAdmins']

type Schemas = components['schemas']
/* What a request may leave out, and an answer always has. */
type Told<T, K extends keyof T> = Omit<T, K> & { [P in K]: NonNullable<T[P]> }

export type Identity = Omit<Schemas['Identity'], 'kind'> & { kind: Kind }
export type AccountMailbox = Told<Schemas['AccountMailbox'], 'quota' | 'use_domain_quota'>
export type Account = Omit<Told<Schemas['Account'], 'is_active'>, 'mailbox'> & {
  mailbox: AccountMailbox | null
}
export type Alias = Told<Schemas['Alias'], 'enabled'>
export type MailboxOperation = Omit<Schemas['MailboxOperation'], 'state'> & {
  state: 'pending' | 'running' | 'done' | 'failed'
}
export type Quota = Schemas['Quota']

/** Accounts and aliases count separately: a row of the list needs both. */
export function identityKey(identity: { kind: Kind; pk: number }): string {
  return `${identity.kind}:${identity.pk}`
}

export function pathOf(kind: Kind, pk: number): string {
  return `/api/v1/${kind === 'account' ? 'accounts' : 'aliases'}/${pk}/`
}
