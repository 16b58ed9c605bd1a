/* All that the login does not need. */
export const files = import.meta.glob(['./*.json', '!./{errors,kit,login,shell}.json'], {
  eager: true,
  import: 'default',
}) as Record<string, Record<string, string>>
