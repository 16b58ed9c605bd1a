/* "Firefox on Linux" from what a browser calls itself; the parts are empty where they are not known. */

const BROWSERS: [string, RegExp][] = [
  ['Edge', /\bEdgA?\/|\bEdgiOS\//],
  ['Opera', /\bOPR\//],
  ['Firefox', /\bFirefox\/|\bFxiOS\//],
  ['Chrome', /\bChrom(e|ium)\/|\bCriOS\//],
  ['Safari', /\bSafari\//],
  ['curl', /^curl\//],
]

const SYSTEMS: [string, RegExp][] = [
  ['Android', /\bAndroid\b/],
  ['iOS', /\b(iPhone|iPad|iPod)\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\bMacintosh\b|\bMac OS X\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['Linux', /\bLinux\b/],
]

function first(table: [string, RegExp][], text: string): string {
  return table.find(([, pattern]) => pattern.test(text))?.[0] ?? ''
}

export function describeAgent(text: string): { browser: string; system: string } {
  return { browser: first(BROWSERS, text), system: first(SYSTEMS, text) }
}
