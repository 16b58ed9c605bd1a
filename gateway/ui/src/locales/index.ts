import { lengthened, rightToLeft } from '@/lib/pseudo'
import type { Language } from '@/lib/languages'

/* Every text by its full key: the key `dns.title` of domains.json is `domains.dns.title`. */
export type Messages = Record<string, string>

interface Tree {
  [key: string]: string | Tree
}

const LOADERS: Record<string, () => Promise<{ files: Record<string, Tree> }>> = {
  en: () => import('./en'),
  de: () => import('./de'),
  fr: () => import('./fr'),
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

export async function loadMessages(language: Language): Promise<Messages> {
  const load = LOADERS[language] ?? LOADERS.en!
  const messages = flatten((await load()).files)
  if (language === 'en-XA') {
    return mapped(messages, lengthened)
  }
  return language === 'ar-XB' ? mapped(messages, rightToLeft) : messages
}
