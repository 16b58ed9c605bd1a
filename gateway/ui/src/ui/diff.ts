export interface DiffPart {
  kind: 'same' | 'removed' | 'added'
  text: string
}

/* A table of 2000 x 2000 characters is 16 MB and 20 ms; what is longer is shown as one replacement. */
const CELLS_MAX = 4_000_000

function push(parts: DiffPart[], kind: DiffPart['kind'], text: string): void {
  const last = parts.at(-1)
  if (text === '') {
    return
  }
  if (last?.kind === kind) {
    last.text += text
  } else {
    parts.push({ kind, text })
  }
}

/** Lengths of the longest common subsequences of the tails of `a` and `b`, row by row. */
function lengths(a: string[], b: string[]): Uint32Array {
  const width = b.length + 1
  const table = new Uint32Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const at = i * width + j
      table[at] =
        a[i] === b[j] ? table[at + width + 1]! + 1 : Math.max(table[at + width]!, table[at + 1]!)
    }
  }
  return table
}

function middle(parts: DiffPart[], a: string[], b: string[]): void {
  if (a.length * b.length > CELLS_MAX) {
    push(parts, 'removed', a.join(''))
    push(parts, 'added', b.join(''))
    return
  }
  const width = b.length + 1
  const table = lengths(a, b)
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      push(parts, 'same', a[i]!)
      i += 1
      j += 1
    } else if (table[(i + 1) * width + j]! >= table[i * width + j + 1]!) {
      push(parts, 'removed', a[i]!)
      i += 1
    } else {
      push(parts, 'added', b[j]!)
      j += 1
    }
  }
  push(parts, 'removed', a.slice(i).join(''))
  push(parts, 'added', b.slice(j).join(''))
}

/** What must be taken away from `before` and put in to get `after`, character by character. */
export function diff(before: string, after: string): DiffPart[] {
  const a = Array.from(before)
  const b = Array.from(after)
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) {
    head += 1
  }
  let tail = 0
  while (
    tail < a.length - head &&
    tail < b.length - head &&
    a[a.length - 1 - tail] === b[b.length - 1 - tail]
  ) {
    tail += 1
  }
  const parts: DiffPart[] = []
  push(parts, 'same', a.slice(0, head).join(''))
  middle(parts, a.slice(head, a.length - tail), b.slice(head, b.length - tail))
  push(parts, 'same', a.slice(a.length - tail).join(''))
  return parts
}
