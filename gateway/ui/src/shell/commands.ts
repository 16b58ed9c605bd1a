import type { RouteLocationRaw } from 'vue-router'

/* What the palette offers: a page folder says its own in commands.ts. */
export interface Command {
  key: string
  label: string
  keywords?: string
  run?: () => void | Promise<void>
  to?: RouteLocationRaw
}

type Translate = (key: string) => string

const modules = import.meta.glob<{ commands: (t: Translate) => Command[] }>(
  '../pages/*/commands.ts',
)

export async function pageCommands(t: Translate): Promise<Command[]> {
  const loaded = await Promise.all(Object.values(modules).map((load) => load()))
  return loaded.flatMap((module) => module.commands(t))
}

/* Lower case, without accents: "Boîte" is found by "boite". */
export function folded(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLocaleLowerCase()
}

/* Commands that have every word of the text somewhere; those that begin with it first. */
export function matching<T extends { label: string; keywords?: string }>(
  commands: readonly T[],
  text: string,
): T[] {
  const words = folded(text).split(/\s+/).filter(Boolean)
  if (words.length === 0) {
    return [...commands]
  }
  const rank = (command: T) => (folded(command.label).startsWith(words[0]!) ? 0 : 1)
  return commands
    .filter((command) => {
      const hay = folded(`${command.label} ${command.keywords ?? ''}`)
      return words.every((word) => hay.includes(word))
    })
    .sort((a, b) => rank(a) - rank(b))
}
