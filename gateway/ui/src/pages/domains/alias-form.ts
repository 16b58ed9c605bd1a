// The fields of a domain alias as its drawer edits them.
import type { DraftSchema } from '@/shell/drafts'
import { toAscii, toUnicode } from './idn'
import type { DomainAlias } from './types'

export interface AliasFields {
  name: string
  enabled: boolean
}

export const DRAFT: DraftSchema<AliasFields> = { name: 'text', enabled: 'flag' }

export function toForm(alias: DomainAlias): AliasFields {
  return { name: toUnicode(alias.name), enabled: alias.enabled }
}

export function toBody(changed: Partial<AliasFields>): Record<string, unknown> {
  return changed.name === undefined
    ? { ...changed }
    : { ...changed, name: toAscii(changed.name) ?? changed.name.trim() }
}

/** A code, or null if the name may be sent. */
export function nameFault(name: string): 'required' | 'invalid' | null {
  if (name.trim() === '') {
    return 'required'
  }
  return toAscii(name) === null ? 'invalid' : null
}
