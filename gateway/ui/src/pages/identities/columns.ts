import { computed } from 'vue'
import { useI18n } from 'vue-i18n'

/** The columns of the list; only the address always stays. */
export function useColumns() {
  const { t } = useI18n()
  return computed(() => [
    { key: 'address', label: t('identities.column.address'), sortable: true, width: 'l' },
    { key: 'kind', label: t('identities.column.kind'), hideable: true },
    { key: 'name', label: t('identities.column.name'), hideable: true },
    { key: 'role', label: t('identities.column.role'), hideable: true },
    { key: 'quota', label: t('identities.column.quota'), hideable: true, width: 'm' },
    { key: 'last_login', label: t('identities.column.last_login'), hideable: true },
    { key: 'enabled', label: t('identities.column.enabled'), hideable: true },
  ])
}
