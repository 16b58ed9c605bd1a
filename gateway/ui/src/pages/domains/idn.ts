// Domain names as people read them (U-labels) and as the API stores them (A-labels).

const BASE = 36
const T_MIN = 1
const T_MAX = 26
const SKEW = 38
const DAMP = 700
const MAX_CODE_POINT = 0x10ffff

function adapt(delta: number, points: number, first: boolean): number {
  let rest = first ? Math.floor(delta / DAMP) : delta >> 1
  rest += Math.floor(rest / points)
  let k = 0
  while (rest > ((BASE - T_MIN) * T_MAX) >> 1) {
    rest = Math.floor(rest / (BASE - T_MIN))
    k += BASE
  }
  return k + Math.floor(((BASE - T_MIN + 1) * rest) / (rest + SKEW))
}

function digit(char: number): number {
  if (char >= 0x30 && char <= 0x39) return char - 0x30 + 26
  if (char >= 0x61 && char <= 0x7a) return char - 0x61
  if (char >= 0x41 && char <= 0x5a) return char - 0x41
  return BASE
}

/** RFC 3492 6.2; null where the text is not punycode. */
export function decodePunycode(text: string): string | null {
  const split = text.lastIndexOf('-')
  const out = split > 0 ? Array.from(text.slice(0, split), (c) => c.charCodeAt(0)) : []
  let n = 128
  let i = 0
  let bias = 72
  for (let at = split > 0 ? split + 1 : 0; at < text.length;) {
    const before = i
    for (let weight = 1, k = BASE; ; k += BASE) {
      const value = at < text.length ? digit(text.charCodeAt(at++)) : BASE
      if (value >= BASE) return null
      i += value * weight
      const threshold = k <= bias ? T_MIN : k >= bias + T_MAX ? T_MAX : k - bias
      if (value < threshold) break
      weight *= BASE - threshold
    }
    const points = out.length + 1
    bias = adapt(i - before, points, before === 0)
    n += Math.floor(i / points)
    i %= points
    if (n > MAX_CODE_POINT) return null
    out.splice(i++, 0, n)
  }
  return String.fromCodePoint(...out)
}

/** "xn--bcher-kva.example" becomes "bücher.example"; a label that does not decode stays as it is. */
export function toUnicode(name: string): string {
  return name
    .split('.')
    .map((label) => {
      if (!/^xn--/i.test(label)) return label
      const text = decodePunycode(label.slice(4))
      return text && isHarmless(text) ? text : label
    })
    .join('.')
}

/* A label that mixes scripts could pass for another name, so it stays in its ASCII form. */
function isHarmless(label: string): boolean {
  if (/[\p{C}\p{Z}/@:?#]/u.test(label)) return false
  const scripts = [
    /\p{Script=Latin}/u,
    /\p{Script=Cyrillic}/u,
    /\p{Script=Greek}/u,
    /\p{Script=Armenian}/u,
  ]
  return scripts.filter((script) => script.test(label)).length <= 1
}

/** An address with its domain in Unicode. */
export function addressToUnicode(address: string): string {
  const at = address.lastIndexOf('@')
  return at < 0 ? toUnicode(address) : address.slice(0, at + 1) + toUnicode(address.slice(at + 1))
}

/** The canonical A-label form, or null where the text cannot be a domain name. The server decides in the end. */
export function toAscii(text: string): string | null {
  const name = text.trim().toLowerCase()
  if (name === '' || name.length > 1024 || /[\s/@:?#[\]\\%<>"'`{}|^!$&()*+,;=_~]/.test(name))
    return null
  let ascii = name
  if (/[^\x20-\x7e]/.test(name)) {
    try {
      ascii = new URL(`http://${name}`).hostname
    } catch {
      return null
    }
  }
  const labels = ascii.split('.')
  const last = labels[labels.length - 1] ?? ''
  const valid = labels.every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label))
  return valid && labels.length >= 2 && ascii.length <= 253 && !/^[0-9]+$/.test(last) ? ascii : null
}
