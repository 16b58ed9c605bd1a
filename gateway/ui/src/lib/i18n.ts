import { ref } from 'vue'
import { createI18n } from 'vue-i18n'
import { loadMessages, type Messages, type Part } from '@/locales'
import { cached } from './intl'
import { directionOf, isLanguage, pickLanguage, type Language } from './languages'
import { compileMessage } from './message'

const STORED = 'roost.language'

/* Which of the forms of a message belongs to a number: 'one | other', or as many forms as the language has,
 * in the order zero one two few many other; one form more than that has a text for 0 of its own first. */
export function pluralForm(language: string, choice: number, n_forms: number): number {
  const rules = cached(Intl.PluralRules, language, {})
  const order = ['zero', 'one', 'two', 'few', 'many', 'other'] as const
  const known = rules.resolvedOptions().pluralCategories
  const categories = order.filter((category) => known.includes(category))
  const category = rules.select(choice)
  if (n_forms === 2) {
    return category === 'one' ? 0 : 1
  }
  if (n_forms === 3 && categories.length !== 3) {
    return choice === 0 ? 0 : category === 'one' ? 1 : 2
  }
  return Math.min(categories.indexOf(category), n_forms - 1)
}

function rulesOf(language: string) {
  return (choice: number, n_forms: number) => pluralForm(language, choice, n_forms)
}

export const i18n = createI18n({
  legacy: false,
  locale: 'en',
  fallbackLocale: 'en',
  missingWarn: false,
  fallbackWarn: false,
  messages: {} as Record<string, Messages>,
  messageCompiler: compileMessage,
  messageResolver: (messages: unknown, path: string) => (messages as Messages)[path] ?? null,
  pluralRules: {
    en: rulesOf('en'),
    de: rulesOf('de'),
    fr: rulesOf('fr'),
    'en-XA': rulesOf('en'),
    'ar-XB': rulesOf('en'),
  },
})

export const language = ref<Language>('en')

/* The tag for Intl: the pseudo-languages format as English does. */
export function formatLanguage(): string {
  return language.value.startsWith('en') || language.value === 'ar-XB' ? 'en' : language.value
}

export function storedLanguage(): Language | null {
  const stored = localStorage.getItem(STORED)
  return isLanguage(stored) ? stored : null
}

export function initialLanguage(): Language {
  return storedLanguage() ?? pickLanguage(navigator.languages)
}

/* The texts of the login come first; those of the pages when something else than the login is shown. */
const wanted: Part[] = ['base']

async function load(tag: Language): Promise<void> {
  const loaded = await Promise.all(wanted.map((part) => loadMessages(tag, part)))
  i18n.global.setLocaleMessage(tag, Object.assign({}, ...loaded))
}

let pageTexts: Promise<void> | undefined

/* Before the first language is set: with it come the texts of the pages too, at once. */
export function expectPages(): void {
  wanted.push('pages')
  pageTexts = Promise.resolve()
}

/* Whoever asks waits for the same load; one that has failed is tried again. */
export function loadPageTexts(): Promise<void> {
  if (!wanted.includes('pages')) {
    wanted.push('pages')
  }
  pageTexts ??= load(language.value).catch((error: unknown) => {
    pageTexts = undefined
    throw error
  })
  return pageTexts
}

export async function setLanguage(tag: Language, remember = false): Promise<void> {
  await load(tag)
  i18n.global.locale.value = tag
  language.value = tag
  document.documentElement.lang = tag
  document.documentElement.dir = directionOf(tag)
  if (remember) {
    localStorage.setItem(STORED, tag)
  }
}
