import { request } from '@/api/request'
import type { RouteLocationRaw } from 'vue-router'

/* Objects whose name begins with a text: what the palette finds. */
export interface Found {
  key: string
  kind: 'domain' | 'account' | 'alias'
  label: string
  hint: string
  to: RouteLocationRaw
}

interface IdentityHit {
  kind: 'account' | 'alias'
  pk: number
  address: string
  name: string
}

const N_DOMAINS = 5
const N_IDENTITIES = 8

async function findDomains(search: string, signal: AbortSignal): Promise<Found[]> {
  const { data } = await request<{ pk: number; name: string }[]>('GET', '/api/v1/domains/', {
    query: { search, page_size: N_DOMAINS },
    signal,
  })
  return data.map((domain) => ({
    key: `domain-${domain.pk}`,
    kind: 'domain',
    label: domain.name,
    hint: '',
    to: `/domains/${domain.pk}`,
  }))
}

async function findIdentities(search: string, signal: AbortSignal): Promise<Found[]> {
  const { data } = await request<IdentityHit[]>('GET', '/api/v1/identities/', {
    query: { search, page_size: N_IDENTITIES },
    signal,
  })
  return data.map((identity) => ({
    key: `${identity.kind}-${identity.pk}`,
    kind: identity.kind,
    label: identity.address,
    hint: identity.name,
    to: { path: '/identities', query: { [identity.kind]: String(identity.pk) } },
  }))
}

export interface Findings {
  found: Found[]
  /* Not everybody answered. */
  isPartial: boolean
}

/* Asks for domains and identities at once; one that does not answer does not hide the other. */
export async function findObjects(search: string, signal: AbortSignal): Promise<Findings> {
  const answers = await Promise.allSettled([
    findDomains(search, signal),
    findIdentities(search, signal),
  ])
  return {
    found: answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : [])),
    isPartial: answers.some((answer) => answer.status === 'rejected'),
  }
}
