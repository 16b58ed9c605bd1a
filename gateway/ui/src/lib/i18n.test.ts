import { afterEach, describe, expect, it } from 'vitest'
import {
  formatLanguage,
  i18n,
  loadPageTexts,
  initialLanguage,
  language,
  pluralForm,
  setLanguage,
  storedLanguage,
} from './i18n'
import { directionOf, isLanguage, pickLanguage } from './languages'
import { parseMessage } from './message'
import { lengthened, rightToLeft } from './pseudo'

const { t } = i18n.global

afterEach(async () => {
  localStorage.clear()
  await setLanguage('en')
})

function say(message: string, named: Record<string, unknown> = {}, n?: number): string {
  i18n.global.mergeLocaleMessage('en', { probe: message })
  return n === undefined ? t('probe', named) : t('probe', named, n)
}

describe('messages', () => {
  it('take names and literals', () => {
    expect(say('Hello { name }, {n} left', { name: 'Ada', n: 3 })).toBe('Hello Ada, 3 left')
    expect(say("user{'@'}example.org {'|'} {'{x}'}")).toBe('user@example.org | {x}')
    expect(say('plain')).toBe('plain')
    expect(parseMessage('')).toEqual([[]])
  })

  it('keep markup and missing names as text', () => {
    expect(say('<b>{x}</b>', { x: '<img src=x onerror=1>' })).toBe('<b><img src=x onerror=1></b>')
    expect(say('a{gone}b')).toBe('ab')
  })

  it('choose the form of a plural', () => {
    const message = 'no rows | one row | {n} rows'
    expect([0, 1, 5].map((n) => say(message, { n }, n))).toEqual(['no rows', 'one row', '5 rows'])
    expect([0, 1, 5].map((n) => say('{n} row | {n} rows', { n }, n))).toEqual([
      '0 rows',
      '1 row',
      '5 rows',
    ])
  })
})

describe('pluralForm', () => {
  it.each([
    ['en', 0, 2, 1],
    ['en', 1, 2, 0],
    ['de', 2, 2, 1],
    ['fr', 0, 2, 0],
    ['fr', 2, 2, 1],
    ['fr', 1_000_000, 2, 1],
    ['fr', 1_000_000, 3, 1],
    ['en', 0, 3, 0],
    ['en', 1, 3, 1],
    ['en', 9, 3, 2],
    ['ar', 3, 6, 3],
    ['pl', 5, 4, 2],
  ])('%s %i of %i forms: %i', (tag, choice, n_forms, form) => {
    expect(pluralForm(tag, choice, n_forms)).toBe(form)
  })
})

describe('languages', () => {
  it('are chosen from what the browser wants', () => {
    expect(pickLanguage(['pt-BR', 'de-AT', 'en'])).toBe('de')
    expect(pickLanguage(['xx'])).toBe('en')
    expect(isLanguage('fr')).toBe(true)
    expect(isLanguage('tlh')).toBe(false)
    expect(isLanguage(null)).toBe(false)
  })

  it('switch without a reload, and are remembered only when chosen', async () => {
    await setLanguage('de')
    expect(t('login.password')).toBe('Passwort')
    expect(document.documentElement.lang).toBe('de')
    expect(storedLanguage()).toBeNull()
    await setLanguage('fr', true)
    expect(t('login.password')).toBe('Mot de passe')
    expect(initialLanguage()).toBe('fr')
    expect(formatLanguage()).toBe('fr')
  })

  it('read from right to left where they do', async () => {
    await setLanguage('ar-XB')
    expect(document.documentElement.dir).toBe('rtl')
    expect(language.value).toBe('ar-XB')
    expect(formatLanguage()).toBe('en')
    expect(directionOf('de')).toBe('ltr')
  })
})

describe('the texts of the pages', () => {
  it('are there for everybody who has waited', async () => {
    await setLanguage('en')
    void loadPageTexts()
    await loadPageTexts()
    expect(i18n.global.t('domains.new.review')).not.toBe('domains.new.review')
  })
})

describe('pseudo-languages', () => {
  it('are longer by 40 percent and keep what is filled in', () => {
    const text = lengthened('Delete {name} and all of its aliases')
    expect(text).toContain('{name}')
    expect(text.length).toBeGreaterThanOrEqual('Delete {name} and all of its aliases'.length * 1.35)
    expect(lengthened('{n} row | {n} rows').split(' | ')).toHaveLength(2)
  })

  it('mark the direction of each form', () => {
    expect(rightToLeft('ab | cd')).toBe('\u200få\u0180\u200f | \u200fçð\u200f')
  })

  it('translate every page', async () => {
    await setLanguage('en-XA')
    expect(t('login.password')).toMatch(/^\[.*~\]$/)
  })
})
