export interface MailboxQuota {
  pk: number
  address: string
  quota: number
  use_domain_quota: boolean
  bytes: number
  messages: number
  quota_usage: number
  domain: number
  updated_at: string | null
}

export const USAGE_STEPS = ['50', '80', '90', '95', '100']

const MEGABYTE = 1024 * 1024

/** In bytes; null where there is no limit. */
export function limitOf(quota: MailboxQuota): number | null {
  return quota.quota > 0 ? quota.quota * MEGABYTE : null
}
