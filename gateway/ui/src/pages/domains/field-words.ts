import { useI18n } from 'vue-i18n'
import { megabytes } from '@/lib/format'
import type { DomainFields } from './domain-form'

/* Fields of a domain and their values, for people. */
export function useFieldWords() {
  const { t } = useI18n()

  function value(field: keyof DomainFields, of: unknown): string {
    if (field === 'quota' || field === 'default_mailbox_quota') {
      return of ? megabytes(Number(of)) : t('domains.unlimited')
    }
    if (typeof of === 'boolean') {
      return of ? t('domains.yes') : t('domains.no')
    }
    return field === 'type' ? t(`domains.type.${String(of)}`) : String(of)
  }

  return { label: (field: keyof DomainFields) => t(`domains.field.${field}`), value }
}
