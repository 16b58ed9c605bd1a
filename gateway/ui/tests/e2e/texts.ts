import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import type { Locator, Page } from '@playwright/test'

type Tree = { [key: string]: string | Tree }

const FOLDER = fileURLToPath(new URL('../../src/locales/en', import.meta.url))

const files = Object.fromEntries(
  readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .map((name) => [
      name.slice(0, -5),
      JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as Tree,
    ]),
)

/** A text of the interface by its key, as English shows it; `n` chooses between one and many. */
export function text(key: string, values: Record<string, string | number> = {}, n = 2): string {
  let found: string | Tree | undefined = files
  for (const part of key.split('.')) {
    found = typeof found === 'object' ? found[part] : undefined
  }
  if (typeof found !== 'string') {
    throw new Error(`there is no text ${key}`)
  }
  const forms = found.split(' | ')
  const form = (n === 1 ? forms[0] : forms.at(-1)) ?? ''
  return form.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

/** The same where values are not known: what is in braces may be anything. */
export function pattern(key: string, n = 2): RegExp {
  const escaped = text(key, {}, n).replace(/[.*+?^$()[\]\\|]/g, '\\$&')
  return new RegExp(`^${escaped.replace(/\{\w+\}/g, '.+?')}$`)
}

/** What is typed into, by its label. */
export function field(root: Page | Locator, key: string): Locator {
  const named = { name: text(key), exact: true }
  return root.getByRole('textbox', named).or(root.getByRole('combobox', named))
}
