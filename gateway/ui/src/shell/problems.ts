import { problem, setErrorTranslator } from '@/api/errors'
import { i18n } from '@/lib/i18n'
import { knownDetail } from './details'

/* Says what went wrong in the user's language: by the server's sentence where that is known, else by its reason, else by
 * the status; what has no text of its own keeps the server's sentence. */
export function sayProblem(reason: string, status: number, detail: string): string | null {
  const { t, te } = i18n.global
  const known = knownDetail(detail)
  if (known) {
    return t(known.key, known.named, Number(known.named.n ?? 1))
  }
  if (reason && te(`errors.reason.${reason}`)) {
    return t(`errors.reason.${reason}`)
  }
  return te(`errors.status.${status}`) ? t(`errors.status.${status}`) : null
}

export function translateErrors(): void {
  setErrorTranslator(sayProblem)
}

export function problemText(error: unknown): string {
  return problem(error).detail
}
