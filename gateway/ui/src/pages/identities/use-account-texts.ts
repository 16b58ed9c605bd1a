import { useI18n } from 'vue-i18n'
import { megabytes } from '@/lib/format'
import { isLanguage, LANGUAGE_NAMES } from '@/lib/languages'

/** Fields of an account and their values in words, for lists of errors and of conflicts. */
export function useAccountTexts() {
  const { t } = useI18n()

  function labelOf(field: string): string {
    return t(`identities.field.${field}`)
  }

  function textOf(field: string, value: unknown): string {
    if (field === 'quota') {
      return typeof value === 'number' ? megabytes(value) : t('identities.quota.unlimited')
    }
    if (field === 'own_quota') {
      return t(value ? 'identities.quota.own' : 'identities.quota.domain')
    }
    if (typeof value === 'boolean') {
      return t(value ? 'identities.yes' : 'identities.no')
    }
    const text = String(value ?? '')
    if (field === 'role') {
      return t(`identities.filter.role.${text}`)
    }
    if (field === 'language' && isLanguage(text)) {
      return LANGUAGE_NAMES[text]
    }
    return text === '' ? t('identities.nothing') : text
  }

  return { labelOf, textOf }
}
