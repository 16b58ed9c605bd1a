// The paste box of a new domain: one mailbox a line, "local part, name[, quota]".
import { toAscii } from './idn'

export const MAX_ROWS = 1000
export const MAX_QUOTA_MB = 2147483648

export type RowFaultCode =
  | 'local_missing'
  | 'local_invalid'
  | 'local_long'
  | 'other_domain'
  | 'address_long'
  | 'name_long'
  | 'quota_invalid'
  | 'quota_large'
  | 'duplicate'
  | 'columns'
  | 'too_many'

export interface RowFault {
  code: RowFaultCode
  /** Arguments of the message. */
  args?: Record<string, string | number>
}

export interface PastedRow {
  /** Line of the text, from 1. */
  line: number
  local: string
  firstName: string
  lastName: string
  /** Megabytes, 0 unlimited; null: the domain's default. */
  quota: number | null
  faults: RowFault[]
}

const bytes = new TextEncoder()

/** Cells of one line. Tab wins over semicolon, semicolon over comma; quotes as in CSV. */
export function splitLine(line: string): string[] {
  const outside = line.replace(/"[^"]*"/g, '')
  const separator = outside.includes('\t') ? '\t' : outside.includes(';') ? ';' : ','
  const cells: string[] = []
  let cell = ''
  let quoted = false
  for (let i = 0; i < line.length; i++) {
    const char = line[i] ?? ''
    if (char === '"' && quoted && line[i + 1] === '"') {
      cell += '"'
      i++
    } else if (char === '"' && (quoted || cell.trim() === '')) {
      quoted = !quoted
    } else if (char === separator && !quoted) {
      cells.push(cell.trim())
      cell = ''
    } else {
      cell += char
    }
  }
  cells.push(cell.trim())
  while (cells.length > 1 && cells[cells.length - 1] === '') cells.pop()
  return cells
}

/** "500", "500 MB", "2G", "1.5 GB", "unlimited": megabytes; null where it is none of them. */
export function parseSize(text: string): number | null {
  const folded = text.trim().toLowerCase()
  if (['unlimited', 'unbegrenzt', 'illimité', 'illimite', '∞'].includes(folded)) return 0
  const match = /^([0-9]+(?:[.,][0-9]+)?)\s*([mgt]?)(?:i?b|o)?$/.exec(folded)
  if (!match) return null
  const factor = { '': 1, m: 1, g: 1024, t: 1024 * 1024 }[match[2] ?? ''] ?? 1
  const megabytes = Number((match[1] ?? '').replace(',', '.')) * factor
  return Number.isInteger(megabytes) ? megabytes : null
}

/** "Anna Maria Schmidt": the last word is the last name. "Schmidt, Anna" (quoted) the other way round. */
export function splitName(text: string): { firstName: string; lastName: string } {
  const name = text.trim().replace(/\s+/g, ' ')
  const comma = name.indexOf(',')
  if (comma > 0) {
    return { firstName: name.slice(comma + 1).trim(), lastName: name.slice(0, comma).trim() }
  }
  const space = name.lastIndexOf(' ')
  return space < 0
    ? { firstName: name, lastName: '' }
    : { firstName: name.slice(0, space), lastName: name.slice(space + 1) }
}

/** The rule of the server for the part before the @; a code where it is broken. */
export function localPartFault(
  local: string,
): 'local_missing' | 'local_invalid' | 'local_long' | null {
  if (local === '') return 'local_missing'
  if (!/^[^\s.@"(),:;<>[\]\\/\p{C}\p{Z}]+(\.[^\s.@"(),:;<>[\]\\/\p{C}\p{Z}]+)*$/u.test(local))
    return 'local_invalid'
  return bytes.encode(local).length > 64 ? 'local_long' : null
}

function parseLine(text: string, line: number, domain: string): PastedRow {
  const cells = splitLine(text)
  const faults: RowFault[] = []
  let local = (cells[0] ?? '').normalize('NFC').toLowerCase()
  const at = local.indexOf('@')
  if (at >= 0) {
    const given = local.slice(at + 1)
    if (given !== '' && domain !== '' && (toAscii(given) ?? given) !== domain)
      faults.push({ code: 'other_domain', args: { domain: given } })
    local = local.slice(0, at)
  }
  const fault = localPartFault(local)
  if (fault) faults.push({ code: fault })
  else if (bytes.encode(`${local}@${domain}`).length > 254) faults.push({ code: 'address_long' })
  const { firstName, lastName } = splitName(cells[1] ?? '')
  if (bytes.encode(firstName).length > 150 || bytes.encode(lastName).length > 150)
    faults.push({ code: 'name_long' })
  let quota: number | null = null
  if (cells[2]) {
    quota = parseSize(cells[2])
    if (quota === null) faults.push({ code: 'quota_invalid', args: { value: cells[2] } })
    else if (quota > MAX_QUOTA_MB) faults.push({ code: 'quota_large' })
  }
  if (cells.length > 3) faults.push({ code: 'columns', args: { n: cells.length } })
  return { line, local, firstName, lastName, quota, faults }
}

/** `domain` is the name in its ASCII form, "" while it is not known. Empty lines and those that begin with # are passed over. */
export function parsePaste(text: string, domain: string): PastedRow[] {
  const rows: PastedRow[] = []
  const seen = new Map<string, number>()
  text.split(/\r\n|\r|\n/).forEach((raw, index) => {
    if (raw.trim() === '' || raw.trimStart().startsWith('#')) return
    const row = parseLine(raw, index + 1, domain)
    const first = row.local === '' ? undefined : seen.get(row.local)
    if (first !== undefined) row.faults.push({ code: 'duplicate', args: { line: first } })
    else seen.set(row.local, row.line)
    if (rows.length === MAX_ROWS) row.faults.push({ code: 'too_many', args: { max: MAX_ROWS } })
    rows.push(row)
  })
  return rows
}
