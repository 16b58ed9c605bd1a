/* The file name is the first part of the key. */
export const files = import.meta.glob('./*.json', { eager: true, import: 'default' }) as Record<
  string,
  Record<string, string>
>
