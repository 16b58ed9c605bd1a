/* The server's sentences that carry a value of their own, so that its reason is not enough to say them in another
 * language: which text says the same, and what it takes from the sentence. */

export interface Detail {
  key: string
  named: Record<string, string>
}

const SENTENCES: [RegExp, string][] = [
  [
    /^This password is too short\. It must contain at least (?<n>\d+) characters\.$/,
    'errors.text.tooShort',
  ],
  [
    /^This password is too long\. It must contain at most (?<n>\d+) bytes\.$/,
    'errors.text.tooLong',
  ],
  [/^Ensure this field has no more than (?<n>\d+) bytes\.$/, 'errors.text.tooLong'],
  [/^Password must contain at least (?<n>\d+) digits?\.$/, 'errors.text.digits'],
  [/^Password must contain at least (?<n>\d+) lowercase letters?\.$/, 'errors.text.lower'],
  [/^Password must contain at least (?<n>\d+) uppercase letters?\.$/, 'errors.text.upper'],
  [/^Password must contain at least (?<n>\d+) special characters?\.$/, 'errors.text.special'],
  [/^The password is too similar to the username\.$/, 'errors.text.likeUsername'],
  [/^This field (is required|may not be (null|blank))\.$/, 'errors.text.required'],
  [/^Control characters are not allowed\.$/, 'errors.text.control'],
  [
    /^(Must not be negative|Ensure this value is greater than or equal to 0)\.$/,
    'errors.text.negative',
  ],
  [/^Must be in the future\.$/, 'errors.text.future'],
  [/^Enter a valid email address\.$/, 'errors.text.email'],
  [/^Local recipient (?<address>\S+) not found$/, 'errors.text.recipient'],
  [/^The mail of this alias would come back to it\.$/, 'errors.text.loop'],
  [/^A deleted user has that username and can still be restored\.$/, 'errors.text.restorable'],
]

export function knownDetail(sentence: string): Detail | null {
  for (const [pattern, key] of SENTENCES) {
    const match = pattern.exec(sentence)
    if (match) {
      return { key, named: { ...match.groups } }
    }
  }
  return null
}
