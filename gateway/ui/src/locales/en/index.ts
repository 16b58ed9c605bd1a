/* What the login needs. The file name is the first part of the key. */
export const files = import.meta.glob('./{errors,kit,login,shell}.json', {
  eager: true,
  import: 'default',
}) as Record<string, Record<string, string>>
