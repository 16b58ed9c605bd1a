/* Pseudo-languages made from English: accents and +40 % length, or right to left. */

const ACCENTED: Record<string, string> = {
  a: 'å',
  b: 'ƀ',
  c: 'ç',
  d: 'ð',
  e: 'é',
  f: 'ƒ',
  g: 'ĝ',
  h: 'ĥ',
  i: 'î',
  j: 'ĵ',
  k: 'ķ',
  l: 'ļ',
  m: 'ɱ',
  n: 'ñ',
  o: 'ö',
  p: 'þ',
  q: 'ǫ',
  r: 'ŕ',
  s: 'š',
  t: 'ţ',
  u: 'û',
  v: 'ṽ',
  w: 'ŵ',
  x: 'ẋ',
  y: 'ý',
  z: 'ž',
  A: 'Å',
  B: 'Ɓ',
  C: 'Ç',
  D: 'Ð',
  E: 'É',
  F: 'Ƒ',
  G: 'Ĝ',
  H: 'Ĥ',
  I: 'Î',
  J: 'Ĵ',
  K: 'Ķ',
  L: 'Ļ',
  M: 'Ṁ',
  N: 'Ñ',
  O: 'Ö',
  P: 'Þ',
  Q: 'Ǫ',
  R: 'Ŕ',
  S: 'Š',
  T: 'Ţ',
  U: 'Û',
  V: 'Ṽ',
  W: 'Ŵ',
  X: 'Ẋ',
  Y: 'Ý',
  Z: 'Ž',
}

/* Placeholders {name}, literals {'@'} and linked messages @:key stay as they are; so does the plural bar. */
const KEEP = /(\{[^}]*\}|@[.:][\w.:]+|\s\|\s)/

function eachText(message: string, change: (text: string) => string): string {
  return message
    .split(KEEP)
    .map((part, index) => (index % 2 === 1 ? part : change(part)))
    .join('')
}

function accent(text: string): string {
  return text.replace(/[a-z]/gi, (letter) => ACCENTED[letter] ?? letter)
}

export function lengthened(message: string): string {
  return message
    .split(' | ')
    .map((form) => {
      /* In pieces as long as long words are: it may break where texts may. */
      const padding = '~'
        .repeat(Math.max(1, Math.ceil(form.length * 0.4) - 2))
        .replace(/~{8}(?=~)/g, '$& ')
      return `[${eachText(form, accent)}${padding}]`
    })
    .join(' | ')
}

/* U+202E would turn the letters round; marks of direction around each text are enough to prove the layout. */
export function rightToLeft(message: string): string {
  return message
    .split(' | ')
    .map((form) => `\u200f${eachText(form, accent)}\u200f`)
    .join(' | ')
}
