import { expect, test } from 'vitest'
import { addressToUnicode, decodePunycode, toAscii, toUnicode } from './idn'

test.each([
  ['xn--bcher-kva.example', 'bücher.example'],
  ['mail.xn--mnchen-3ya.de', 'mail.münchen.de'],
  ['xn--fiqs8s', '中国'],
  ['xn--e1afmkfd.xn--p1ai', 'пример.рф'],
  ['plain.example', 'plain.example'],
])('%s is shown as %s', (ascii, unicode) => {
  expect(toUnicode(ascii)).toBe(unicode)
})

test.each(['xn--a!b.example', 'xn--999999999.example', 'xn--.example'])(
  '%s does not decode and stays',
  (name) => {
    expect(toUnicode(name)).toBe(name)
  },
)

test('a label of two scripts stays in its ASCII form', () => {
  /* "аpple" with a Cyrillic a. */
  expect(toUnicode('xn--pple-43d.com')).toBe('xn--pple-43d.com')
  expect(decodePunycode('pple-43d')).toBe('аpple')
})

test('an address keeps its local part', () => {
  expect(addressToUnicode('xn--x@xn--bcher-kva.example')).toBe('xn--x@bücher.example')
})

test.each([
  ['Example.ORG', 'example.org'],
  [' bücher.example ', 'xn--bcher-kva.example'],
  ['a-b.c1.example', 'a-b.c1.example'],
])('%s is stored as %s', (text, ascii) => {
  expect(toAscii(text)).toBe(ascii)
})

test.each([
  '',
  'example',
  'example.',
  '-a.example',
  'a..example',
  '1.2.3.4',
  'a b.example',
  'user@example.org',
  'http://example.org',
  `${'a'.repeat(64)}.example`,
  `${'a.'.repeat(130)}example`,
])('"%s" is no domain name', (text) => {
  expect(toAscii(text)).toBeNull()
})
