function cell(text: string): string {
  /* A spreadsheet runs what begins like a formula; the apostrophe tells it that this is text. */
  const inert = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert
}

/** Rows as RFC 4180 has them. */
export function csv(rows: string[][]): string {
  return rows.map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n'
}
