import { describe, expect, it } from 'vitest'
import { earlyFiles, earlyHeads } from './early.ts'

function chunk(fileName: string, more: object = {}) {
  return { type: 'chunk', fileName, ...more }
}

const css = (...files: string[]) => ({ viteMetadata: { importedCss: new Set(files) } })

const bundle = {
  'index.js': chunk('index.js', { isEntry: true, imports: ['start.js'] }),
  'start.js': chunk('start.js', css('start.css')),
  'kit.js': chunk('kit.js', { imports: ['start.js'], ...css('kit.css') }),
  'frame.js': chunk('frame.js', {
    facadeModuleId: '/ui/src/shell/frame.vue',
    imports: ['kit.js', 'start.js'],
  }),
  'domains.js': chunk('domains.js', {
    facadeModuleId: '/ui/src/pages/domains/domains-page.vue',
    imports: ['kit.js'],
    ...css('domains.css'),
  }),
  'new.js': chunk('new.js', { facadeModuleId: '/ui/src/pages/domains/new-page.vue' }),
  'dash.js': chunk('dash.js', { facadeModuleId: '/ui/src/pages/dashboard/dashboard-page.vue' }),
  'de.js': chunk('de.js', { facadeModuleId: '/ui/src/locales/de/index.ts' }),
  'texts.js': chunk('texts.js', { facadeModuleId: '/ui/src/locales/de/pages.ts' }),
  'start.css': { type: 'asset', fileName: 'start.css' },
}

describe('what is asked for early', () => {
  it('is what the frame, each page and each language need, without what the document names', () => {
    expect(earlyFiles(bundle)).toEqual({
      frame: ['kit.css', 'kit.js', 'frame.js'],
      '/domains': ['kit.css', 'kit.js', 'domains.css', 'domains.js'],
      '/': ['dash.js'],
      'de.base': ['de.js'],
      'de.pages': ['texts.js'],
    })
  })
  it('goes with what the head of each page says in each language, the login excepted', () => {
    const texts = (language: string, noun: string) => ({
      title: `${language} ${noun}`,
      ...(noun === 'domains' ? { subtitle: 'about' } : {}),
      list: {},
    })
    const files = {
      frame: [],
      '/': [],
      '/domains': [],
      '/login': [],
      'de.base': [],
      'de.pages': [],
    }
    expect(earlyHeads(files, texts)).toEqual({
      de: { '/': ['de dashboard'], '/domains': ['de domains', 'about'] },
    })
  })
})
