// Two people changed the same object: what differs, field by field.
import { isEqual } from './equal'

export interface ConflictField<T> {
  field: keyof T & string
  before: unknown
  yours: unknown
  theirs: unknown
}

/** The fields that you changed and somebody else changed to something different since you read them. */
export function conflicts<T extends object>(
  base: T,
  yours: T,
  theirs: T,
  fields: (keyof T & string)[],
): ConflictField<T>[] {
  return fields
    .filter(
      (field) =>
        !isEqual(yours[field], base[field]) &&
        !isEqual(theirs[field], base[field]) &&
        !isEqual(yours[field], theirs[field]),
    )
    .map((field) => ({
      field,
      before: base[field],
      yours: yours[field],
      theirs: theirs[field],
    }))
}

/** Your changes on top of theirs: where you changed nothing, theirs is taken. */
export function rebase<T extends object>(
  base: T,
  yours: T,
  theirs: T,
  fields: (keyof T & string)[],
): T {
  const merged = { ...theirs }
  for (const field of fields) {
    if (!isEqual(yours[field], base[field])) {
      merged[field] = yours[field]
    }
  }
  return merged
}

/** What a PATCH has to send. */
export function changes<T extends object>(
  base: T,
  yours: T,
  fields: (keyof T & string)[],
): Partial<T> {
  const changed: Partial<T> = {}
  for (const field of fields) {
    if (!isEqual(yours[field], base[field])) {
      changed[field] = yours[field]
    }
  }
  return changed
}
