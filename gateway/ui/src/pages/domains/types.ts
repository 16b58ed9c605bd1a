// The objects of these pages as the API shows them.

export interface Domain {
  pk: number
  name: string
  quota: number
  default_mailbox_quota: number
  enabled: boolean
  type: string
  enable_dns_checks: boolean
  mailbox_count: number
  mbalias_count: number
  domainalias_count: number
  allocated_quota: number
  allocated_quota_in_percent: number
  creation: string | null
  last_modification: string | null
  etag: string
  rename_in_progress: boolean
}

export interface DomainAlias {
  pk: number
  name: string
  target: number
  enabled: boolean
  creation: string | null
  last_modification: string | null
  etag: string
}

export type DnsStatus = 'ok' | 'wrong' | 'unknown' | 'pending' | 'disabled'

export interface RecordCheck {
  type: string
  status: string
  reason: string
  detail: string
  expected: string[]
  found: string[]
}

export interface DnsCheck {
  domain: number
  name: string
  status: DnsStatus
  checks: RecordCheck[]
  checked_at: string | null
  next_check_at: string | null
}
