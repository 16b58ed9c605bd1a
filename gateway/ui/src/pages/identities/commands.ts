export function commands(t: (key: string) => string) {
  return [
    { key: 'identities', label: t('identities.command.open'), to: '/identities' },
    {
      key: 'account-new',
      label: t('identities.command.newAccount'),
      to: { path: '/identities', query: { new: 'account' } },
    },
    {
      key: 'alias-new',
      label: t('identities.command.newAlias'),
      to: { path: '/identities', query: { new: 'alias' } },
    },
    {
      key: 'identities-disabled',
      label: t('identities.command.disabled'),
      to: { path: '/identities', query: { enabled: 'false' } },
    },
  ]
}
