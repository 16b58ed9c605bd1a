import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'

interface Chunk {
  type: string
  fileName: string
  isEntry?: boolean
  facadeModuleId?: string | null
  imports?: string[]
  viteMetadata?: { importedCss: Set<string> }
}
type Bundle = Record<string, Chunk>
type Texts = Record<string, unknown>

const PLACE = '/* EARLY */ {}'
const PAGE = /\/src\/pages\/(\w+)\/\1-page\.vue$/
const TEXTS = /\/src\/locales\/(\w+)\/(index|pages)\.ts$/
/* The page at /. */
const START = 'dashboard'

const pathOf = (noun: string) => `/${noun === START ? '' : noun}`

/* The files that a chunk needs, its own last. */
function filesOf(bundle: Bundle, name: string, seen = new Set<string>()): string[] {
  const chunk = bundle[name]
  if (!chunk || seen.has(name)) {
    return []
  }
  seen.add(name)
  const before = (chunk.imports ?? []).flatMap((next) => filesOf(bundle, next, seen))
  return [...before, ...(chunk.viteMetadata?.importedCss ?? []), chunk.fileName]
}

/** What each page needs besides the files that the document names: `frame`, `/domains`, `en.base`, `en.pages`. */
export function earlyFiles(bundle: Bundle): Record<string, string[]> {
  const chunks = Object.values(bundle).filter((one) => one.type === 'chunk')
  const named = new Set(
    chunks.filter((one) => one.isEntry).flatMap((one) => filesOf(bundle, one.fileName)),
  )
  const early: Record<string, string[]> = {}
  for (const chunk of chunks) {
    const id = (chunk.facadeModuleId ?? '').replace(/\\/g, '/')
    const page = PAGE.exec(id)?.[1]
    const texts = TEXTS.exec(id)
    const key = id.endsWith('/src/shell/frame.vue')
      ? 'frame'
      : page
        ? pathOf(page)
        : texts && `${texts[1]}.${texts[2] === 'index' ? 'base' : 'pages'}`
    if (key) {
      early[key] = filesOf(bundle, chunk.fileName).filter((file) => !named.has(file))
    }
  }
  return early
}

/** What the heads of the pages say in each language: `{ en: { '/domains': ['Domains', 'The domains that …'] } }`. */
export function earlyHeads(
  files: Record<string, string[]>,
  textsOf: (language: string, noun: string) => Texts,
): Record<string, Record<string, string[]>> {
  const languages = Object.keys(files).flatMap((key) => /^(\w+)\.pages$/.exec(key)?.[1] ?? [])
  const paths = Object.keys(files).filter((key) => key.startsWith('/') && key !== '/login')
  const headOf = (language: string, path: string) => {
    const { title, subtitle } = textsOf(language, path.slice(1) || START)
    return [title, subtitle].filter((text) => typeof text === 'string')
  }
  return Object.fromEntries(
    languages.map((language) => [
      language,
      Object.fromEntries(paths.map((path) => [path, headOf(language, path)])),
    ]),
  )
}

/** Tells public/theme.js, which runs before all else, what the page it is on says and will ask for. */
export function early(): Plugin {
  let locales = ''
  const textsOf = (language: string, noun: string): Texts =>
    JSON.parse(readFileSync(join(locales, language, `${noun}.json`), 'utf8'))
  return {
    name: 'roost-early',
    apply: 'build',
    configResolved({ root }) {
      locales = join(root, 'src/locales')
    },
    writeBundle(options, bundle) {
      const path = join(options.dir!, 'theme.js')
      const text = readFileSync(path, 'utf8')
      if (!text.includes(PLACE)) {
        throw new Error(`theme.js does not say ${PLACE}`)
      }
      const files = earlyFiles(bundle as unknown as Bundle)
      const known = { files, heads: earlyHeads(files, textsOf) }
      writeFileSync(
        path,
        text.replace(PLACE, () => JSON.stringify(known)),
      )
    },
  }
}
