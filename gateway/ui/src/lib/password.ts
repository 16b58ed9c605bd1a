// Passwords that the interface makes: for a new mailbox, or for somebody who has forgotten theirs.

/* Without characters that are mistaken for one another when somebody types them from paper. */
const LOWER = 'abcdefghijkmnpqrstuvwxyz'
const UPPER = 'ABCDEFGHJKLMNPQRSTUVWXYZ'
const DIGITS = '23456789'
const ALL = LOWER + UPPER + DIGITS

const GROUPS = 4
const GROUP = 4

/** A number below `bound`, each as likely as the next: a word of the last, incomplete round is thrown away. */
export function randomBelow(bound: number): number {
  const limit = Math.floor(0x100000000 / bound) * bound
  const word = new Uint32Array(1)
  do {
    crypto.getRandomValues(word)
  } while (word[0]! >= limit)
  return word[0]! % bound
}

function isVaried(characters: string): boolean {
  return [LOWER, UPPER, DIGITS].every((set) => [...set].some((one) => characters.includes(one)))
}

/** Four groups of four with hyphens: more than 90 bits, and for any policy that asks for both cases, a digit and
 * a special character. What lacks one of them is thrown away whole, so that no place is likelier than another. */
export function generatePassword(): string {
  for (;;) {
    const characters = Array.from({ length: GROUPS * GROUP }, () => ALL[randomBelow(ALL.length)])
    const password = characters.join('')
    if (isVaried(password)) {
      return password.replace(/.{4}(?=.)/g, '$&-')
    }
  }
}
