/** The part of JSON Schema that SchemaForm understands, with the few extensions (x-...) that forms need. */
export interface Schema {
  type?: string | string[]
  title?: string
  description?: string
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  enum?: (string | number | null)[]
  default?: unknown
  format?: string
  minimum?: number
  maximum?: number
  multipleOf?: number
  minLength?: number
  maxLength?: number
  pattern?: string
  maxItems?: number
  readOnly?: boolean
  writeOnly?: boolean
  /** What to call the values of `enum`, in the same order. */
  'x-enum-labels'?: string[]
  /** MB: a size with its unit and a box for "unlimited" if the type allows null. Anything else is shown after the number. */
  'x-unit'?: string
  'x-unlimited-label'?: string
  'x-multiline'?: boolean
  /** Shown only while the other property has this value. */
  'x-depends-on'?: { property: string; value: unknown }
}

export type Widget =
  | 'group'
  | 'switch'
  | 'select'
  | 'tags'
  | 'size'
  | 'number'
  | 'password'
  | 'moment'
  | 'area'
  | 'text'

export interface Problem {
  /** The path of the property, joined by dots. */
  key: string
  /** Which message of kit.schema, and what it names. */
  message:
    | 'required'
    | 'min'
    | 'max'
    | 'step'
    | 'minLength'
    | 'maxLength'
    | 'pattern'
    | 'email'
    | 'url'
    | 'choice'
    | 'maxItems'
  values: Record<string, string | number>
}

export function typeOf(schema: Schema): string {
  const types = [schema.type ?? 'string'].flat()
  return types.find((type) => type !== 'null') ?? 'string'
}

export function isNullable(schema: Schema): boolean {
  return [schema.type].flat().includes('null')
}

export function widgetOf(schema: Schema): Widget {
  const type = typeOf(schema)
  if (type === 'object') {
    return 'group'
  }
  if (type === 'boolean') {
    return 'switch'
  }
  if (type === 'array') {
    return 'tags'
  }
  if (schema.enum) {
    return 'select'
  }
  if (type === 'integer' || type === 'number') {
    return schema['x-unit'] === 'MB' ? 'size' : 'number'
  }
  if (schema.format === 'password' || schema.writeOnly) {
    return 'password'
  }
  if (schema.format === 'date-time') {
    return 'moment'
  }
  return schema['x-multiline'] ? 'area' : 'text'
}

export function isShown(schema: Schema, siblings: Record<string, unknown>): boolean {
  const on = schema['x-depends-on']
  return on === undefined || siblings[on.property] === on.value
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    value === '' ||
    (Array.isArray(value) && value.length === 0)
  )
}

/** The rest of a division says 0.3 is no multiple of 0.1. */
function isMultiple(value: number, step: number): boolean {
  const times = value / step
  return Math.abs(times - Math.round(times)) < 1e-9 * Math.max(1, Math.abs(times))
}

function problemOfNumber(schema: Schema, value: number): Omit<Problem, 'key'> | null {
  if (schema.minimum !== undefined && value < schema.minimum) {
    return { message: 'min', values: { min: schema.minimum } }
  }
  if (schema.maximum !== undefined && value > schema.maximum) {
    return { message: 'max', values: { max: schema.maximum } }
  }
  const step = schema.multipleOf ?? (typeOf(schema) === 'integer' ? 1 : undefined)
  return step !== undefined && !isMultiple(value, step)
    ? { message: 'step', values: { step } }
    : null
}

function problemOfText(schema: Schema, value: string): Omit<Problem, 'key'> | null {
  const length = Array.from(value).length
  if (schema.minLength !== undefined && length < schema.minLength) {
    return { message: 'minLength', values: { n: schema.minLength } }
  }
  if (schema.maxLength !== undefined && length > schema.maxLength) {
    return { message: 'maxLength', values: { n: schema.maxLength } }
  }
  if (schema.format === 'email' && !/^[^\s@]+@[^\s@]+$/.test(value)) {
    return { message: 'email', values: {} }
  }
  if (schema.format === 'uri' && !URL.canParse(value)) {
    return { message: 'url', values: {} }
  }
  return schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(value)
    ? { message: 'pattern', values: {} }
    : null
}

function problemOf(schema: Schema, value: unknown): Omit<Problem, 'key'> | null {
  if (schema.enum && !schema.enum.includes(value as string | number | null)) {
    return { message: 'choice', values: {} }
  }
  if (typeof value === 'number') {
    return problemOfNumber(schema, value)
  }
  if (typeof value === 'string') {
    return problemOfText(schema, value)
  }
  if (Array.isArray(value) && schema.maxItems !== undefined && value.length > schema.maxItems) {
    return { message: 'maxItems', values: { n: schema.maxItems } }
  }
  return null
}

/** What the schema has against a value. The server remains the authority; this only answers sooner. */
export function validate(schema: Schema, value: Record<string, unknown>, prefix = ''): Problem[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const key = prefix + name
    const own = value[name]
    if (!isShown(property, value) || property.readOnly) {
      return []
    }
    if (widgetOf(property) === 'group') {
      return validate(property, (own ?? {}) as Record<string, unknown>, `${key}.`)
    }
    if (isEmpty(own)) {
      const missing = schema.required?.includes(name) && !(own === null && isNullable(property))
      return missing ? [{ key, message: 'required' as const, values: {} }] : []
    }
    const problem = problemOf(property, own)
    return problem ? [{ key, ...problem }] : []
  })
}
