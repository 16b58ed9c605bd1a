// Writes x.br and x.gz beside each file that compresses: node scripts/precompress.mjs DIRECTORY
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

const TEXT = /\.(html|js|mjs|css|json|svg|txt|webmanifest|map)$/
const MIN_BYTES = 512

const brotliOptions = {
  params: {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
  },
}

async function compress(path) {
  const plain = readFileSync(path)
  if (plain.length < MIN_BYTES) return
  const [br, gz] = await Promise.all([
    promisify(brotliCompress)(plain, brotliOptions),
    promisify(gzip)(plain, { level: 9 }),
  ])
  if (br.length < plain.length) writeFileSync(path + '.br', br)
  if (gz.length < plain.length) writeFileSync(path + '.gz', gz)
}

const directory = process.argv[2]
const files = readdirSync(directory, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && TEXT.test(entry.name) && !entry.parentPath.includes('/.'))
  .map((entry) => join(entry.parentPath, entry.name))
await Promise.all(files.map(compress))
