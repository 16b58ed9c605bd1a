import { ref } from 'vue'
import { createI18n } from 'vue-i18n'
import { loadMessages, type Messages } from '@/locales'
import { directionOf, isLanguage, LANGUAGE_NAMES, pickLanguage, type Language } from './languages'

const STORED = 'roost.language'

/* Which of the forms of a message belongs to a number: 'one | other', or as many forms as the language has,
 * in the order zero one two few many other; one form more than that has a text for 0 of its own first. */
export function pluralForm(language: string, choice: number, n_forms: number): number {
  const rules = new Intl.PluralRules(language)
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

export async function setLanguage(wanted: Language, remember = false): Promise<void> {
  const messages = await loadMessages(wanted)
  i18n.global.setLocaleMessage(wanted, messages)
  i18n.global.locale.value = wanted
  language.value = wanted
  document.documentElement.lang = wanted
  document.documentElement.dir = directionOf(wanted)
  if (remember) {
    localStorage.setItem(STORED, wanted)
  }
}

export function languageName(tag: Language): string {
  return LANGUAGE_NAMES[tag]
}
