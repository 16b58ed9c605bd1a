/* How hard a password is to guess, 0 to 4, by its length and variety. An opinion for people; what is allowed is
 * the server's to say. */

export type Strength = 0 | 1 | 2 | 3 | 4

const COMMON = [
  'password',
  'passwort',
  'motdepasse',
  'qwerty',
  'azerty',
  'letmein',
  'welcome',
  'admin',
  'roost',
]
const SETS: [RegExp, number][] = [
  [/[a-z]/, 26],
  [/[A-Z]/, 26],
  [/[0-9]/, 10],
  [/[^a-zA-Z0-9\s]/, 33],
  [/\s/, 1],
  [/[^\x20-\x7e]/, 100],
]

/* "aaaa" and "1234" are worth little more than one character. */
function isRun(before: number, now: number, next: number): boolean {
  const step = now - before
  return Math.abs(step) <= 1 && next - now === step
}

function effectiveLength(password: string): number {
  const codes = Array.from(password, (letter) => letter.codePointAt(0) ?? 0)
  const free = codes.filter((code, i) => i < 2 || !isRun(codes[i - 2]!, codes[i - 1]!, code))
  return Math.min(free.length, new Set(codes).size * 2)
}

/* Words that are tried first count as two characters each. */
function withoutGuesses(password: string, known: readonly string[]): string {
  let rest = password
  for (const word of [...COMMON, ...known].filter((one) => one.length > 3)) {
    const at = rest.toLowerCase().indexOf(word.toLowerCase())
    if (at >= 0) {
      rest = rest.slice(0, at + 2) + rest.slice(at + word.length)
    }
  }
  return rest
}

export function strengthOf(password: string, known: readonly string[] = []): Strength {
  const rest = withoutGuesses(password, known)
  const alphabet = SETS.reduce((sum, [set, size]) => sum + (set.test(rest) ? size : 0), 0)
  const bits = alphabet === 0 ? 0 : effectiveLength(rest) * Math.log2(alphabet)
  if (bits < 28) {
    return 0
  }
  if (bits < 42) {
    return 1
  }
  if (bits < 56) {
    return 2
  }
  return bits < 78 ? 3 : 4
}
