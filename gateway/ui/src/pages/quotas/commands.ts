export function commands(t: (key: string) => string) {
  return [
    { key: 'quotas', label: t('quotas.command.open'), to: '/quotas' },
    {
      key: 'quotas-full',
      label: t('quotas.command.full'),
      to: { path: '/quotas', query: { usage_over: '90', ordering: '-usage' } },
    },
  ]
}
