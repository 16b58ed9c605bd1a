// What the pages may weigh: node scripts/budget.mjs DIRECTORY
// Reads Vite's manifest and the .gz files beside what it names. Every budget is one line "ok" or "FAILED"; the last line
// counts them.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

const KB = 1000
const LOGIN_KB = 90
const ROUTE_KB = 40
const APP_KB = 400
const LANGUAGE = 'en'

const directory = process.argv[2]
const manifest = JSON.parse(readFileSync(join(directory, '.vite/manifest.json'), 'utf8'))
const entries = Object.keys(manifest).filter((key) => manifest[key].isEntry)
const pages = Object.keys(manifest).filter(
  (key) => key.startsWith('src/pages/') && manifest[key].isDynamicEntry,
)
const isKit = (key) => key.startsWith('src/pages/kit/')

/** The files that are loaded with these chunks; with `isDeep` also those that they may load later. */
function filesOf(keys, isDeep = false) {
  const files = new Set()
  const seen = new Set()
  const visit = (key) => {
    if (seen.has(key)) return
    seen.add(key)
    const chunk = manifest[key]
    for (const file of [chunk.file, ...(chunk.css ?? [])]) {
      if (/\.(js|css)$/.test(file)) files.add(file)
    }
    chunk.imports?.forEach(visit)
    if (isDeep) chunk.dynamicImports?.filter((next) => !isKit(next)).forEach(visit)
  }
  keys.forEach(visit)
  return files
}

function bytes(files) {
  let sum = 0
  for (const file of files) {
    const compressed = join(directory, file + '.gz')
    sum += statSync(existsSync(compressed) ? compressed : join(directory, file)).size
  }
  return sum
}

const counts = { passed: 0, failed: 0 }
function check(what, files, limitKb) {
  const size = bytes(files)
  const isGood = files.size > 0 && size <= limitKb * KB
  counts[isGood ? 'passed' : 'failed']++
  console.log(`${isGood ? 'ok    ' : 'FAILED'} ${what}: ${(size / KB).toFixed(1)} of ${limitKb} kB`)
}

const without = (files, others) => new Set([...files].filter((file) => !others.has(file)))
/* The texts of the login; those of the pages come with the frame. */
const language = Object.keys(manifest).filter((key) => key === `src/locales/${LANGUAGE}/index.ts`)
const loginPages = pages.filter((key) => key.startsWith('src/pages/login/'))
const login = filesOf([...entries, ...loginPages, ...language])
check('login, JS and CSS in one language', login, LOGIN_KB)

const shell = filesOf(['src/shell/frame.vue'])
check('shell, beyond login', without(shell, login), ROUTE_KB)
check('texts of all pages', filesOf([`src/locales/${LANGUAGE}/pages.ts`]), ROUTE_KB)
const loaded = new Set([...login, ...shell])
for (const part of Object.keys(manifest).filter(
  (key) => key.startsWith('src/shell/') && manifest[key].isDynamicEntry,
)) {
  const more = without(filesOf([part]), loaded)
  if (more.size > 0) check(`${part.slice('src/'.length)}, beyond login and shell`, more, ROUTE_KB)
}
/* A link may lead straight to a tab: then its page comes with it. */
const tabsOf = (page) =>
  (manifest[page].dynamicImports ?? []).filter((key) => /\/tab-[^/]*$/.test(key))
for (const page of pages.filter((key) => !isKit(key) && !loginPages.includes(key))) {
  const name = page.slice('src/pages/'.length)
  const more = without(filesOf([page]), loaded)
  if (more.size > 0) {
    check(`${name}, beyond login and shell`, more, ROUTE_KB)
  }
  for (const tab of tabsOf(page)) {
    const both = without(filesOf([page, tab]), loaded)
    check(`${name} with ${tab.split('/').at(-1)}, beyond login and shell`, both, ROUTE_KB)
  }
}
check('whole app in all languages, without the kit page', filesOf(entries, true), APP_KB)
console.log(`${counts.passed} passed, ${counts.failed} failed`)
process.exit(counts.failed > 0 ? 1 : 0)
