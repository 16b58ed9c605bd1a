import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import { DNS_STATUSES } from './dns-status'
import type { useDomainList } from './use-domain-list'

export const TYPES = ['domain', 'relaydomain']

/* The columns and filters of the list of domains, in words. */
export function useDomainFilters({ url }: ReturnType<typeof useDomainList>) {
  const { t } = useI18n()
  const any = () => ({ value: '', label: t('domains.filter.any') })

  const columns = computed(() => [
    { key: 'name', label: t('domains.column.name'), sortable: true },
    { key: 'type', label: t('domains.column.type'), hideable: true },
    { key: 'dns', label: t('domains.column.dns'), hideable: true },
    {
      key: 'mailboxes',
      label: t('domains.column.mailboxes'),
      align: 'end' as const,
      hideable: true,
    },
    { key: 'quota', label: t('domains.column.quota'), width: 'm', hideable: true },
    { key: 'creation', label: t('domains.column.creation'), sortable: true, hideable: true },
    { key: 'enabled', label: t('domains.column.enabled'), hideable: true },
  ])
  const dns = computed(() => [
    any(),
    ...DNS_STATUSES.map((status) => ({ value: status, label: t(`domains.dns.status.${status}`) })),
  ])
  const types = computed(() => [
    any(),
    ...TYPES.map((type) => ({ value: type, label: t(`domains.type.${type}`) })),
  ])
  const enabled = computed(() => [
    any(),
    { value: 'true', label: t('domains.state.enabled') },
    { value: 'false', label: t('domains.state.disabled') },
  ])

  const chips = computed(() => [
    ...(url.dns
      ? [
          {
            key: 'dns',
            label: t('domains.chip.dns', { value: t(`domains.dns.status.${url.dns}`) }),
          },
        ]
      : []),
    ...(url.type && !url.dns
      ? [{ key: 'type', label: t('domains.chip.type', { value: t(`domains.type.${url.type}`) }) }]
      : []),
    ...(url.enabled && !url.dns
      ? [
          {
            key: 'enabled',
            label: t(`domains.state.${url.enabled === 'true' ? 'enabled' : 'disabled'}`),
          },
        ]
      : []),
  ])

  function remove(key: string): void {
    Object.assign(url, { [key]: '' })
  }

  return { columns, dns, types, enabled, chips, remove }
}
