let first = true

/** True once: a page that opens with the application must not take the focus from where the browser put it. */
export function isFirstPage(): boolean {
  const was = first
  first = false
  return was
}
