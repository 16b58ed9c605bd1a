// The search box: words to search for, and `key:value` filters among them.
import type { Kind, Role } from './types'

export interface Filters {
  domain: string
  kind: Kind | ''
  role: Role | ''
  enabled: 'true' | 'false' | ''
}

export const NO_FILTERS: Filters = { domain: '', kind: '', role: '', enabled: '' }

export interface QueryFault {
  /** As it stands in the box. */
  token: string
  kind: 'unknown-key' | 'unknown-value'
  key: string
  /** What was probably meant, as it would stand in the box; "" where nothing comes near. */
  suggestion: string
  /** The values that the key takes. */
  values: string[]
}

export interface ParsedQuery {
  filters: Partial<Filters>
  /** What stays in the box. */
  rest: string
  /** What is searched for: the words of `rest` that are no filter. */
  text: string
  faults: QueryFault[]
  /** A filter that is still being typed. */
  pending: { key: string; value: string } | null
}

type Words<V extends string> = Record<string, V>

const ROLE_WORDS: Words<Role> = {
  admin: 'SuperAdmins',
  superadmin: 'SuperAdmins',
  superadmins: 'SuperAdmins',
  reseller: 'Resellers',
  resellers: 'Resellers',
  domainadmin: 'DomainAdmins',
  domainadmins: 'DomainAdmins',
  user: 'SimpleUsers',
  simpleuser: 'SimpleUsers',
  simpleusers: 'SimpleUsers',
}
const STATE_WORDS: Words<'true' | 'false'> = {
  enabled: 'true',
  active: 'true',
  disabled: 'false',
  inactive: 'false',
}
const KIND_WORDS: Words<Kind> = {
  account: 'account',
  accounts: 'account',
  alias: 'alias',
  aliases: 'alias',
}

/* The first word of each meaning is the one that is offered. */
const KEYS: Record<string, { filter: keyof Filters; words: Words<string> | null }> = {
  domain: { filter: 'domain', words: null },
  role: { filter: 'role', words: ROLE_WORDS },
  is: { filter: 'enabled', words: STATE_WORDS },
  kind: { filter: 'kind', words: KIND_WORDS },
}

export const QUERY_KEYS = Object.keys(KEYS)

/** The words that are offered for a key; none for a key that takes any value. */
export function valuesOf(key: string): string[] {
  const words = KEYS[key]?.words ?? {}
  const offered = new Map<string, string>()
  for (const [word, meaning] of Object.entries(words)) {
    if (!offered.has(meaning)) {
      offered.set(meaning, word)
    }
  }
  return [...offered.values()]
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one word into another. */
export function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      let best = Math.min(row[j - 1]! + 1, rows[i - 1]![j]! + 1, rows[i - 1]![j - 1]! + cost)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, rows[i - 2]![j - 2]! + 1)
      }
      row.push(best)
    }
    rows.push(row)
  }
  return rows[a.length]![b.length]!
}

/** The word that was probably meant: one that begins so, or is at most two typing errors away. */
export function nearest(word: string, words: readonly string[]): string {
  const begins = word === '' ? undefined : words.find((candidate) => candidate.startsWith(word))
  if (begins) {
    return begins
  }
  let found = ''
  let least = Math.min(3, word.length)
  for (const candidate of words) {
    const distance = editDistance(word, candidate)
    if (distance < least) {
      found = candidate
      least = distance
    }
  }
  return found
}

const SYNONYMS: Record<string, string> = { type: 'kind', state: 'is', status: 'is', in: 'domain' }

function faultOfKey(token: string, key: string, value: string): QueryFault {
  const meant = SYNONYMS[key] ?? nearest(key, QUERY_KEYS)
  return {
    token,
    kind: 'unknown-key',
    key,
    suggestion: meant && `${meant}:${value}`,
    values: [],
  }
}

function faultOfValue(token: string, key: string, value: string): QueryFault {
  const values = valuesOf(key)
  const meant = nearest(value, Object.keys(KEYS[key]?.words ?? {}))
  return {
    token,
    kind: 'unknown-value',
    key,
    suggestion: meant && `${key}:${meant}`,
    values: values.map((word) => `${key}:${word}`),
  }
}

/* The word itself, or what it is the beginning of if that has one meaning only; "" if neither. */
function wordOf(words: Words<string>, value: string): string {
  if (Object.hasOwn(words, value)) {
    return value
  }
  const meant = Object.keys(words).filter((word) => word.startsWith(value))
  return new Set(meant.map((word) => words[word])).size === 1 ? meant[0]! : ''
}

/** A filter is taken out of the box once it is complete: followed by a space, or Enter was pressed (`isFinal`). */
export function parseQuery(input: string, isFinal: boolean): ParsedQuery {
  const parsed: ParsedQuery = { filters: {}, rest: '', text: '', faults: [], pending: null }
  const tokens = input.split(/\s+/).filter((token) => token !== '')
  const last = isFinal || /\s$/.test(input) ? -1 : tokens.length - 1
  const rest: string[] = []
  const text: string[] = []
  tokens.forEach((token, index) => {
    const colon = token.indexOf(':')
    if (colon < 1) {
      rest.push(token)
      text.push(token)
      return
    }
    const key = token.slice(0, colon).toLowerCase()
    const value = token.slice(colon + 1).toLowerCase()
    const known = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined
    if (!known) {
      rest.push(token)
      parsed.faults.push(faultOfKey(token, key, value))
    } else if (index === last || value === '') {
      rest.push(token)
      parsed.pending = { key, value }
    } else if (known.words && !wordOf(known.words, value)) {
      rest.push(token)
      parsed.faults.push(faultOfValue(token, key, value))
    } else {
      const meaning = known.words
        ? known.words[wordOf(known.words, value)]
        : value.replace(/^@|\.$/g, '')
      Object.assign(parsed.filters, { [known.filter]: meaning })
    }
  })
  parsed.rest = rest.join(' ')
  parsed.text = text.join(' ')
  return parsed
}

/** The box with one of its tokens written another way. */
export function replaceToken(input: string, token: string, by: string): string {
  return input
    .split(/\s+/)
    .map((part) => (part === token ? by : part))
    .filter((part) => part !== '')
    .join(' ')
}

/** Query parameters of the list; what is not filtered by is left out. */
export function listParameters(filters: Filters, text: string): Record<string, string> {
  const parameters: Record<string, string> = {}
  for (const [name, value] of Object.entries({ search: text, ...filters })) {
    if (value !== '') {
      parameters[name] = value
    }
  }
  return parameters
}

export function isFiltered(filters: Filters, text: string): boolean {
  return Object.keys(listParameters(filters, text)).length > 0
}
