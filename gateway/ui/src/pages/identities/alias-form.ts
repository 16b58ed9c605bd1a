// An alias as its drawer edits it, and back.
import type { DraftSchema } from '@/shell/drafts'
import type { Alias } from './types'

export interface AliasForm {
  address: string
  recipients: string[]
  description: string
  expire_at: string | null
  enabled: boolean
}

export const ALIAS_DRAFT: DraftSchema<AliasForm> = {
  address: 'text',
  recipients: 'texts',
  description: 'text',
  expire_at: 'text',
  enabled: 'flag',
}

export function aliasForm(alias: Alias): AliasForm {
  return {
    address: alias.address,
    recipients: [...alias.recipients],
    description: alias.description,
    expire_at: alias.expire_at,
    enabled: alias.enabled,
  }
}

export function newAlias(address: string): AliasForm {
  return { address, recipients: [], description: '', expire_at: null, enabled: true }
}

export function aliasBody(changed: Partial<AliasForm>): Record<string, unknown> {
  const body: Record<string, unknown> = { ...changed }
  for (const field of ['address', 'description'] as const) {
    if (changed[field] !== undefined) {
      body[field] = changed[field].trim()
    }
  }
  return body
}

/** "@example.org": everything for the domain that no mailbox and no other alias takes. */
export function isCatchAll(address: string): boolean {
  return /^@[^@\s]+$/.test(address.trim())
}

/** Mail to such an alias comes back to it. */
export function isLoop(form: Pick<AliasForm, 'address' | 'recipients'>): boolean {
  const address = form.address.trim().toLowerCase()
  return (
    form.recipients.length > 0 &&
    form.recipients.every((recipient) => recipient.toLowerCase() === address)
  )
}

export function isExpired(expireAt: string | null, now: number): boolean {
  return expireAt !== null && Date.parse(expireAt) <= now
}

/** Faults of single recipients, `recipients.0` or `recipients[0]`, are faults of the field. */
export function aliasFieldOf(serverField: string): string {
  return serverField.replace(/^alias\./, '').replace(/^(recipients)\b.*$/, '$1')
}

const RECIPIENT_REASONS = ['RECIPIENT_NOT_FOUND', 'RECIPIENT_INVALID', 'RECIPIENTS_REQUIRED']

/** The field that a refusal without fields is about: an unknown local recipient is a plain 404. */
export function aliasFieldOfReason(reason: string): string | null {
  return RECIPIENT_REASONS.includes(reason) ? 'recipients' : null
}
