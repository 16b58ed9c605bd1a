import { problem, setErrorTranslator } from '@/api/errors'
import { i18n } from '@/lib/i18n'

/* Says what went wrong in the user's language: by the server's reason, else by the status; what has no text of its
 * own keeps the server's sentence. */
export function translateErrors(): void {
  setErrorTranslator((reason, status) => {
    const { t, te } = i18n.global
    const key = `errors.reason.${reason}`
    if (reason && (te(key) || te(key, 'en'))) {
      return t(key)
    }
    const byStatus = `errors.status.${status}`
    return status !== 400 && status !== 409 && te(byStatus, 'en') ? t(byStatus) : null
  })
}

export function problemText(error: unknown): string {
  return problem(error).detail
}
