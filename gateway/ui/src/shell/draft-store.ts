/* What was typed and not saved, in this tab's sessionStorage: it outlives a reload. Small, not for long, for one account only,
 * and never a secret. Storage that is full, forbidden or holds something else is as good as empty. */

/* What a field of a form holds, so that nothing else is stored or taken back. A secret is never written. */
export type FieldKind = 'text' | 'flag' | 'number' | 'texts' | 'secret'
/* Every field has to be named: a new one is not kept by accident. */
export type DraftSchema<F> = { readonly [field in keyof F & string]-?: FieldKind }

export interface Draft<F> {
  fields: Partial<F>
  /* What the same fields held when they were changed. */
  base: Partial<F>
}

interface Stored extends Draft<Record<string, unknown>> {
  user: number
  at: number
}

const PREFIX = 'roost.draft.'
const MAX_CHARS = 64 * 1024
const MAX_DRAFTS = 20
const MAX_AGE_MS = 24 * 3600 * 1000

const CHECKS: Record<FieldKind, (value: unknown) => boolean> = {
  text: (value) => value === null || typeof value === 'string',
  flag: (value) => typeof value === 'boolean',
  number: (value) => value === null || Number.isFinite(value),
  texts: (value) => Array.isArray(value) && value.every((one) => typeof one === 'string'),
  secret: () => false,
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function attempt<T>(run: () => T, otherwise: T): T {
  try {
    return run()
  } catch {
    return otherwise
  }
}

function names(): string[] {
  return attempt(() => Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX)), [])
}

function parse(text: string | null): Stored | null {
  const value: unknown = attempt(() => JSON.parse(text ?? ''), null)
  return isObject(value) &&
    typeof value.user === 'number' &&
    typeof value.at === 'number' &&
    isObject(value.fields) &&
    isObject(value.base)
    ? (value as unknown as Stored)
    : null
}

function isFor(stored: Stored | null, user: number): stored is Stored {
  const age = Date.now() - (stored?.at ?? 0)
  return stored?.user === user && age >= 0 && age < MAX_AGE_MS
}

function load(key: string): Stored | null {
  return parse(attempt(() => sessionStorage.getItem(key), null))
}

function pick<F>(schema: DraftSchema<F>, values: object): Partial<F> {
  const kinds = schema as Record<string, FieldKind>
  return Object.fromEntries(
    Object.entries(values).filter(
      ([field, value]) => Object.hasOwn(kinds, field) && CHECKS[kinds[field]!](value),
    ),
  ) as Partial<F>
}

export function removeDraft(name: string): void {
  attempt(() => sessionStorage.removeItem(PREFIX + name), undefined)
}

/* True if all of it is stored. What is too large is not stored at all, and so is what has nothing but secrets. */
export function writeDraft<F extends object>(
  name: string,
  schema: DraftSchema<F>,
  user: number,
  draft: Draft<F>,
): boolean {
  const fields = pick(schema, draft.fields)
  const text = JSON.stringify({ user, at: Date.now(), fields, base: pick(schema, draft.base) })
  const n_fields = Object.keys(fields).length
  const isNew = !names().includes(PREFIX + name)
  const isStored =
    n_fields > 0 &&
    text.length <= MAX_CHARS &&
    (!isNew || names().length < MAX_DRAFTS) &&
    attempt(() => (sessionStorage.setItem(PREFIX + name, text), true), false)
  if (!isStored) {
    removeDraft(name)
  }
  return isStored && n_fields === Object.keys(draft.fields).length
}

export function readDraft<F extends object>(
  name: string,
  schema: DraftSchema<F>,
  user: number,
): Draft<F> | null {
  const stored = load(PREFIX + name)
  if (!isFor(stored, user)) {
    removeDraft(name)
    return null
  }
  const fields = pick(schema, stored.fields)
  return Object.keys(fields).length > 0 ? { fields, base: pick(schema, stored.base) } : null
}

/* Without a user: all. With one: those of others, the old and the unreadable. */
export function sweepDrafts(user?: number): void {
  for (const key of names()) {
    if (user === undefined || !isFor(load(key), user)) {
      removeDraft(key.slice(PREFIX.length))
    }
  }
}
