// The fields of a domain as its page edits them.
import type { DraftSchema } from '@/shell/drafts'
import { toAscii, toUnicode } from './idn'
import type { Domain } from './types'

export interface DomainFields {
  /** In Unicode, as it was typed. */
  name: string
  /** Megabytes; null: unlimited. */
  quota: number | null
  default_mailbox_quota: number | null
  type: string
  enabled: boolean
  enable_dns_checks: boolean
}

export const DRAFT: DraftSchema<DomainFields> = {
  name: 'text',
  quota: 'number',
  default_mailbox_quota: 'number',
  type: 'text',
  enabled: 'flag',
  enable_dns_checks: 'flag',
}

export const FIELDS: (keyof DomainFields)[] = [
  'name',
  'quota',
  'default_mailbox_quota',
  'type',
  'enabled',
  'enable_dns_checks',
]

export function toForm(domain: Domain): DomainFields {
  return {
    name: toUnicode(domain.name),
    quota: domain.quota || null,
    default_mailbox_quota: domain.default_mailbox_quota || null,
    type: domain.type,
    enabled: domain.enabled,
    enable_dns_checks: domain.enable_dns_checks,
  }
}

/** The body of a PATCH: what was changed, in the form of the API. */
export function toBody(changed: Partial<DomainFields>): Record<string, unknown> {
  const body: Record<string, unknown> = { ...changed }
  if (changed.name !== undefined) {
    body.name = toAscii(changed.name) ?? changed.name.trim()
  }
  for (const field of ['quota', 'default_mailbox_quota'] as const) {
    if (field in changed) {
      body[field] = changed[field] ?? 0
    }
  }
  return body
}

/** Faults that need no server; by field, a code each. */
export function faultsOf(form: DomainFields): Partial<Record<keyof DomainFields, string>> {
  const faults: Partial<Record<keyof DomainFields, string>> = {}
  if (form.name.trim() === '') {
    faults.name = 'required'
  } else if (toAscii(form.name) === null) {
    faults.name = 'invalid'
  }
  if (form.quota !== null && (form.default_mailbox_quota ?? 0) > form.quota) {
    faults.default_mailbox_quota = 'exceeds'
  }
  return faults
}

/** The new name in its ASCII form if saving would rename the domain. */
export function renamedTo(domain: Domain, form: DomainFields): string | null {
  const name = toAscii(form.name)
  return name !== null && name !== domain.name ? name : null
}
