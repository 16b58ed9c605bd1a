export function commands(t: (key: string) => string) {
  return [
    { key: 'operations', label: t('operations.command.open'), to: '/operations' },
    {
      key: 'operations-failed',
      label: t('operations.command.failed'),
      to: { path: '/operations', query: { state: 'failed' } },
    },
  ]
}
