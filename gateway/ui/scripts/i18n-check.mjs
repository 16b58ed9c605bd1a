// Checks the texts: npm run i18n:check
// Every language has the same keys as English with the same placeholders, every message compiles, every key that the
// source uses exists, and every key is used. Keys that the source puts together (`t(`dns.status.${word}`)`) count as a
// use of all keys that fit.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { baseCompile } from '@intlify/message-compiler'

const SOURCE = fileURLToPath(new URL('../src', import.meta.url))
const LOCALES = join(SOURCE, 'locales')
const REFERENCE = 'en'
const faults = []

function flatten(tree, prefix, into) {
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') {
      into.set(`${prefix}.${key}`, value)
    } else {
      flatten(value, `${prefix}.${key}`, into)
    }
  }
}

function messagesOf(language) {
  const messages = new Map()
  const folder = join(LOCALES, language)
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    flatten(JSON.parse(readFileSync(join(folder, file), 'utf8')), basename(file, '.json'), messages)
  }
  return messages
}

/* The placeholders of a message, without literals such as {'@'}. */
function placeholders(message) {
  return [...new Set(message.match(/\{\s*[A-Za-z_]\w*\s*\}/g) ?? [])].sort().join(' ')
}

function compiles(message) {
  let reason = ''
  try {
    baseCompile(message, {
      onError: (error) => {
        reason ||= error.message
      },
    })
  } catch (error) {
    reason = error.message
  }
  return reason
}

function filesBelow(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) {
      return path === LOCALES ? [] : filesBelow(path)
    }
    return /\.(vue|ts)$/.test(name) && !/\.(test|d)\.ts$/.test(name) ? [path] : []
  })
}

/* Keys in the source: words in quotes with the form of a key, and patterns of those that are put together. */
function usesIn(files, namespaces) {
  const literal = new Map()
  const patterns = []
  for (const file of files) {
    const text = readFileSync(file, 'utf8')
    for (const [, , key] of text.matchAll(/(['"`])([a-z][\w-]*(?:\.[\w-]+)+)\1/g)) {
      if (namespaces.has(key.split('.')[0])) {
        literal.set(key, file)
      }
    }
    /* A component that speaks of many nouns begins with the noun: `${noun}.empty.title`. */
    const put = /`((?:[a-z][\w-]*\.[^`\n]*\$\{|\$\{\w+\}\.\w+)[^`\n]*)`/g
    for (const [, template] of text.matchAll(put)) {
      if (template.startsWith('$') || namespaces.has(template.split('.')[0])) {
        const source = template
          .split(/\$\{(?:[^{}]|\{[^{}]*\})*\}/)
          .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
          .join('[\\w.-]+')
        patterns.push(new RegExp(`^${source}$`))
      }
    }
  }
  return { literal, patterns }
}

/* A literal key counts as wanted only where it is handed to t() or to a keypath; others may be file names. */
function wantedIn(files) {
  const wanted = new Map()
  for (const file of files) {
    const text = readFileSync(file, 'utf8')
    for (const [, , key] of text.matchAll(/(?:\b|\$)te?\(\s*(['"])([\w.-]+)\1/g)) {
      wanted.set(key, file)
    }
    for (const [, key] of text.matchAll(/\bkeypath="([\w.-]+)"/g)) {
      wanted.set(key, file)
    }
  }
  return wanted
}

const languages = readdirSync(LOCALES).filter((name) => statSync(join(LOCALES, name)).isDirectory())
const reference = messagesOf(REFERENCE)
for (const language of languages) {
  const messages = messagesOf(language)
  for (const [key, message] of messages) {
    const reason = compiles(message)
    if (reason) {
      faults.push(`${language}: ${key} does not compile: ${reason}`)
    }
    if (!reference.has(key)) {
      faults.push(`${language}: ${key} is not in ${REFERENCE}`)
    } else if (placeholders(message) !== placeholders(reference.get(key))) {
      faults.push(`${language}: ${key} has other placeholders than ${REFERENCE}`)
    }
  }
  for (const key of reference.keys()) {
    if (!messages.has(key)) {
      faults.push(`${language}: ${key} is missing`)
    }
  }
}

const files = filesBelow(SOURCE)
const namespaces = new Set([...reference.keys()].map((key) => key.split('.')[0]))
const { literal, patterns } = usesIn(files, namespaces)
for (const [key, file] of wantedIn(files)) {
  if (key.includes('.') && !reference.has(key)) {
    faults.push(`${file.slice(SOURCE.length + 1)}: there is no text ${key}`)
  }
}
for (const key of reference.keys()) {
  if (!literal.has(key) && !patterns.some((pattern) => pattern.test(key))) {
    faults.push(`${REFERENCE}: ${key} is not used`)
  }
}

for (const fault of faults.sort()) {
  console.error(fault)
}
console.log(`${languages.join(' ')}: ${reference.size} texts, ${faults.length} faults`)
process.exit(faults.length > 0 ? 1 : 0)
