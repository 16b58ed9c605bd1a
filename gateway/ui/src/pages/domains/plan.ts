// What "Create" on the new domain page will make, worked out before anything is sent.
import type { DraftSchema } from '@/shell/drafts'
import { toAscii } from './idn'
import { parsePaste, type PastedRow, type RowFault } from './paste'

export interface DomainForm {
  name: string
  /** Megabytes; 0 unlimited. */
  quota: number
  defaultMailboxQuota: number
  type: string
  enabled: boolean
  enableDnsChecks: boolean
  pasted: string
}

export interface DomainBody {
  name: string
  type: string
  quota: number
  default_mailbox_quota: number
  enabled: boolean
  enable_dns_checks: boolean
}

export interface AccountBody {
  username: string
  role: 'SimpleUsers'
  first_name: string
  last_name: string
  password: string
  mailbox: { full_address: string; use_domain_quota: boolean; quota?: number }
}

export type PlanFaultCode = RowFault['code'] | 'quota_required' | 'quota_exceeds'

export interface PlanFault {
  code: PlanFaultCode
  args?: Record<string, string | number>
}

export interface PlanRow extends Omit<PastedRow, 'faults'> {
  address: string
  /** Megabytes in force, 0 unlimited. */
  effectiveQuota: number
  faults: PlanFault[]
}

export interface Plan {
  domain: DomainBody
  rows: PlanRow[]
  /** Objects that will be made. */
  objects: number
  /** Megabytes given to the mailboxes together. */
  allocated: number
  unlimited: number
  faulty: number
}

export const DRAFT: DraftSchema<DomainForm> = {
  name: 'text',
  quota: 'number',
  defaultMailboxQuota: 'number',
  type: 'text',
  enabled: 'flag',
  enableDnsChecks: 'flag',
  pasted: 'text',
}

export const emptyForm: DomainForm = {
  name: '',
  quota: 0,
  defaultMailboxQuota: 0,
  type: 'domain',
  enabled: true,
  enableDnsChecks: true,
  pasted: '',
}

/** Faults of the form's own fields, by field of the API. */
export function formFaults(
  form: DomainForm,
): Partial<Record<'name' | 'default_mailbox_quota', string>> {
  const faults: Partial<Record<'name' | 'default_mailbox_quota', string>> = {}
  if (form.name.trim() === '') faults.name = 'required'
  else if (toAscii(form.name) === null) faults.name = 'invalid'
  if (form.quota > 0 && form.defaultMailboxQuota > form.quota)
    faults.default_mailbox_quota = 'exceeds'
  return faults
}

export function domainBody(form: DomainForm): DomainBody {
  return {
    name: toAscii(form.name) ?? form.name.trim(),
    type: form.type,
    quota: form.quota,
    default_mailbox_quota: form.defaultMailboxQuota,
    enabled: form.enabled,
    enable_dns_checks: form.enableDnsChecks,
  }
}

/** Rows are counted against the domain's quota in their order, as the server will do it. */
export function makePlan(form: DomainForm): Plan {
  const domain = domainBody(form)
  const known = toAscii(form.name) ?? ''
  let allocated = 0
  const rows = parsePaste(form.pasted, known).map((row): PlanRow => {
    const effectiveQuota = row.quota ?? form.defaultMailboxQuota
    const faults: PlanFault[] = [...row.faults]
    if (form.quota > 0 && faults.length === 0) {
      const left = form.quota - allocated
      if (effectiveQuota === 0) faults.push({ code: 'quota_required' })
      else if (effectiveQuota > left)
        faults.push({ code: 'quota_exceeds', args: { left: Math.max(left, 0) } })
    }
    if (faults.length === 0) allocated += effectiveQuota
    return { ...row, address: `${row.local}@${known}`, effectiveQuota, faults }
  })
  const good = rows.filter((row) => row.faults.length === 0)
  return {
    domain,
    rows,
    objects: 1 + good.length,
    allocated,
    unlimited: good.filter((row) => row.effectiveQuota === 0).length,
    faulty: rows.length - good.length,
  }
}

export function accountBody(row: PlanRow, password: string): AccountBody {
  return {
    username: row.address,
    role: 'SimpleUsers',
    first_name: row.firstName,
    last_name: row.lastName,
    password,
    mailbox:
      row.quota === null
        ? { full_address: row.address, use_domain_quota: true }
        : { full_address: row.address, use_domain_quota: false, quota: row.quota },
  }
}
