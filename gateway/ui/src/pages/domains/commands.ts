export function commands(t: (key: string) => string) {
  return [
    { key: 'domains', label: t('domains.command.open'), to: '/domains' },
    { key: 'domain-new', label: t('domains.command.new'), to: '/domains/new' },
    {
      key: 'domains-dns',
      label: t('domains.command.dns'),
      keywords: 'dns mx',
      to: { path: '/domains', query: { dns: 'wrong' } },
    },
  ]
}
