/* Where to go after the login: a path of ours, never another host. */
export function nextPage(wanted: unknown): string {
  if (typeof wanted !== 'string' || !/^\/(?![/\\])/.test(wanted) || wanted.startsWith('/login')) {
    return '/'
  }
  return wanted
}
