// What a DNS check expected and found, taken apart for people who copy it into a form of their DNS provider.
import type { RecordCheck } from './types'

export interface DnsRecord {
  /** Fully qualified, without the dot at the end. */
  host: string
  type: string
  priority: number | null
  value: string
  /** Any host will do: there is nothing to copy. */
  isPlaceholder: boolean
  text: string
}

export type RecordState =
  'ok' | 'missing' | 'differs' | 'optional' | 'unknown' | 'extra' | 'address'

export interface RecordRow {
  expected: DnsRecord | null
  found: DnsRecord | null
  state: RecordState
}

function withoutDot(name: string): string {
  return name.length > 1 && name.endsWith('.') ? name.slice(0, -1) : name
}

/** "example.test. 3600 IN MX 10 mail.example.test." and the same without the time to live. */
export function parseRecord(text: string): DnsRecord | null {
  const match = /^(\S+)\s+(?:\d+\s+)?IN\s+([A-Z0-9]+)\s+(.+)$/.exec(text.trim())
  if (!match) return null
  const [, host = '', type = '', data = ''] = match
  const numbered = type === 'MX' ? /^(\d+)\s+(.*)$/.exec(data) : null
  const raw = numbered ? (numbered[2] ?? '') : data
  const isPlaceholder = raw.startsWith('<')
  const isName = ['MX', 'CNAME', 'NS', 'SRV', 'PTR'].includes(type)
  return {
    host: withoutDot(host),
    type,
    priority: numbered ? Number(numbered[1]) : null,
    value: isName && !isPlaceholder ? withoutDot(raw) : raw,
    isPlaceholder,
    text: text.trim(),
  }
}

/** The host as most providers want it: "@" for the zone itself, the rest without the zone's name. */
export function relativeHost(host: string, zone: string): string {
  if (host === zone) return '@'
  return host.endsWith(`.${zone}`) ? host.slice(0, -zone.length - 1) : `${host}.`
}

/** Number of single character changes that lead from one text to the other. */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

function nearest(wanted: DnsRecord, candidates: DnsRecord[]): DnsRecord | null {
  let best: DnsRecord | null = null
  let bestDistance = Infinity
  for (const candidate of candidates) {
    const far = wanted.isPlaceholder ? 0 : distance(wanted.value, candidate.value)
    if (far < bestDistance) {
      best = candidate
      bestDistance = far
    }
  }
  return best
}

function stateWithout(check: RecordCheck, differs: boolean): RecordState {
  if (check.status === 'unknown') return 'unknown'
  if (check.status === 'ok') return 'optional'
  return differs ? 'differs' : 'missing'
}

/** Each expected record beside what stands in its place, then what else was found. */
export function pairRecords(check: RecordCheck): RecordRow[] {
  const expected = check.expected.map(parseRecord).filter((record) => record !== null)
  const found = check.found.map(parseRecord).filter((record) => record !== null)
  const type = check.type.toUpperCase()
  const left = found.filter((record) => record.type === type)
  const take = (record: DnsRecord) => left.splice(left.indexOf(record), 1)
  const rows = expected.map((record): RecordRow => {
    const same = left.find((other) => other.value === record.value)
    if (same) take(same)
    return { expected: record, found: same ?? null, state: same ? 'ok' : 'missing' }
  })
  for (const row of rows) {
    if (row.found || !row.expected) continue
    const other =
      check.status === 'ok' && !row.expected.isPlaceholder ? null : nearest(row.expected, left)
    if (other) take(other)
    row.found = other
    row.state =
      row.expected.isPlaceholder && check.status === 'ok' && other
        ? 'ok'
        : stateWithout(check, other !== null)
  }
  /* A host of the right name and without an address is as wrong as another name. */
  if (check.status !== 'ok') {
    for (const row of rows) {
      if (row.state === 'ok') row.state = check.status === 'unknown' ? 'unknown' : 'differs'
    }
  }
  left.forEach((record) => rows.push({ expected: null, found: record, state: 'extra' }))
  found
    .filter((record) => record.type !== type)
    .forEach((record) => rows.push({ expected: null, found: record, state: 'address' }))
  return rows
}

/** All that should be in the zone, as text for a zone file. */
export function zoneText(checks: RecordCheck[]): string {
  return checks
    .flatMap((check) => check.expected)
    .filter((text) => parseRecord(text)?.isPlaceholder === false)
    .join('\n')
}
