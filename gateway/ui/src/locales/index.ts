import { lengthened, rightToLeft } from '@/lib/pseudo'
import type { Language } from '@/lib/languages'

/* Every text by its full key: the key `dns.title` of domains.json is `domains.dns.title`. */
export type Messages = Record<string, string>

interface Tree {
  [key: string]: string | Tree
}

/* `base` is what the login and the kit say, `pages` all else: the login does not wait for it. */
export type Part = 'base' | 'pages'

interface Chunk {
  files: Record<string, Tree>
}

const LOADERS: Record<string, Record<Part, () => Promise<Chunk>>> = {
  en: { base: () => import('./en'), pages: () => import('./en/pages') },
  de: { base: () => import('./de'), pages: () => import('./de/pages') },
  fr: { base: () => import('./fr'), pages: () => import('./fr/pages') },
}

function collect(tree: Tree, prefix: string, into: Messages): void {
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') {
      into[`${prefix}.${key}`] = value
    } else {
      collect(value, `${prefix}.${key}`, into)
    }
  }
}

export function flatten(files: Record<string, Tree>): Messages {
  const messages: Messages = {}
  for (const [path, tree] of Object.entries(files)) {
    collect(tree, path.replace(/^.*\/|\.json$/g, ''), messages)
  }
  return messages
}

function mapped(messages: Messages, change: (text: string) => string): Messages {
  return Object.fromEntries(Object.entries(messages).map(([key, text]) => [key, change(text)]))
}

export async function loadMessages(language: Language, part: Part): Promise<Messages> {
  const load = (LOADERS[language] ?? LOADERS.en!)[part]
  const messages = flatten((await load()).files)
  if (language === 'en-XA') {
    return mapped(messages, lengthened)
  }
  return language === 'ar-XB' ? mapped(messages, rightToLeft) : messages
}
