/* Languages of the interface. The last two are made from English by a machine: they show what cannot be
 * translated, what does not fit, and what does not turn around when read from right to left. */
export const LANGUAGES = ['en', 'de', 'fr'] as const
export const PSEUDO_LANGUAGES = ['en-XA', 'ar-XB'] as const

export type Language = (typeof LANGUAGES)[number] | (typeof PSEUDO_LANGUAGES)[number]

export const LANGUAGE_NAMES: Record<Language, string> = {
  en: 'English',
  de: 'Deutsch',
  fr: 'Français',
  'en-XA': '[Ëñĝļîšĥ +40 %]',
  'ar-XB': '[right to left]',
}

export function isLanguage(text: string | null | undefined): text is Language {
  return text != null && text in LANGUAGE_NAMES
}

export function directionOf(language: Language): 'ltr' | 'rtl' {
  return language === 'ar-XB' ? 'rtl' : 'ltr'
}

/* The first language of the list, as a browser gives it, that the interface speaks. */
export function pickLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const base = tag.split('-')[0]?.toLowerCase()
    const found = LANGUAGES.find((language) => language === base)
    if (found) {
      return found
    }
  }
  return 'en'
}
