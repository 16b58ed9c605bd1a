/* Intl's objects are dear to make, and a table asks for the same ones in each of its rows. */

type Maker<T, O> = new (language: string, options: O) => T

const made = new Map<unknown, Map<string, unknown>>()

/** The object of this kind for a language and these options, made once. */
export function cached<T, O>(Kind: Maker<T, O>, language: string, options: O): T {
  let ofKind = made.get(Kind)
  if (!ofKind) {
    made.set(Kind, (ofKind = new Map()))
  }
  const key = `${language} ${JSON.stringify(options)}`
  let one = ofKind.get(key) as T | undefined
  if (!one) {
    ofKind.set(key, (one = new Kind(language, options)))
  }
  return one
}
