export function commands(t: (key: string) => string) {
  return [
    { key: 'my-password', label: t('account.command.password'), to: '/account/password' },
    { key: 'my-sessions', label: t('account.command.sessions'), to: '/account/sessions' },
    {
      key: 'my-tokens',
      label: t('account.command.tokens'),
      keywords: 'api key',
      to: '/account/tokens',
    },
  ]
}
