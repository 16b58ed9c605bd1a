/* What can go wrong with a call, in one type: the server's problem (RFC 9457) or no answer at all. */

export interface FieldFault {
  field: string
  detail: string
}

export interface Problem {
  /* The HTTP status; 0 when no answer came. */
  status: number
  /* The server's stable code, or OFFLINE, NETWORK, MALFORMED. */
  reason: string
  /* One sentence for people, in the user's language where the reason is known. */
  detail: string
  traceId: string
  retryAfterSeconds: number | null
}

export class ApiError extends Error {
  readonly status: number
  readonly reason: string
  readonly faults: FieldFault[]
  readonly traceId: string
  readonly retryAfterSeconds: number | null

  constructor(init: Partial<Omit<ApiError, 'message'>> & { status: number; detail: string }) {
    super(init.detail)
    this.name = 'ApiError'
    this.status = init.status
    this.reason = init.reason ?? ''
    this.faults = init.faults ?? []
    this.traceId = init.traceId ?? ''
    this.retryAfterSeconds = init.retryAfterSeconds ?? null
  }

  get detail(): string {
    return this.message
  }
}

/* Says a fault in the user's language, or null if it has no text for it. Set by the shell. */
export type Translator = (reason: string, status: number, detail: string) => string | null

let translate: Translator = () => null

export function setErrorTranslator(translator: Translator): void {
  translate = translator
}

/* Older bodies, {"name": ["..."], "mailbox": {"quota": ["..."]}}, as faults. */
function collectFaults(tree: unknown, path: string, into: FieldFault[]): void {
  if (Array.isArray(tree)) {
    into.push(...tree.map((detail) => ({ field: path, detail: String(detail) })))
  } else if (tree && typeof tree === 'object') {
    for (const [key, value] of Object.entries(tree)) {
      collectFaults(value, path ? `${path}.${key}` : key, into)
    }
  }
}

function seconds(header: string | null): number | null {
  return header && /^\d+$/.test(header) ? Number(header) : null
}

export async function errorOf(response: Response): Promise<ApiError> {
  let body: Record<string, unknown> = {}
  try {
    body = (await response.json()) as Record<string, unknown>
  } catch {
    /* Not JSON: a proxy in between answered. The status says enough. */
  }
  let faults = (body.errors as FieldFault[] | undefined) ?? []
  if (response.status === 400 && !body.errors && body.detail === undefined) {
    faults = []
    collectFaults(body, '', faults)
  }
  return new ApiError({
    status: response.status,
    reason: typeof body.reason === 'string' ? body.reason : '',
    detail: String(body.detail ?? faults[0]?.detail ?? response.statusText),
    faults,
    traceId: String(body.trace_id ?? response.headers.get('x-request-id') ?? ''),
    retryAfterSeconds: seconds(response.headers.get('retry-after')),
  })
}

export function isApiError(error: unknown): error is ApiError {
  return error instanceof ApiError
}

export function isAborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}

/* Nobody answered, or not in time: the same call may work in a moment. */
export function isTransient(error: unknown): boolean {
  return isApiError(error) && [0, 408, 429, 502, 503, 504].includes(error.status)
}

export function problem(error: unknown): Problem {
  if (!isApiError(error)) {
    const detail = error instanceof Error ? error.message : String(error)
    return { status: -1, reason: 'FAULT', detail, traceId: '', retryAfterSeconds: null }
  }
  return {
    status: error.status,
    reason: error.reason,
    detail: translate(error.reason, error.status, error.detail) ?? error.detail,
    traceId: error.traceId,
    retryAfterSeconds: error.retryAfterSeconds,
  }
}

/* Messages by field, nested keys joined by a dot. The reason belongs to the first fault; where it is the only
 * one, it is said in the user's language. Empty if no field is at fault. */
export function fieldErrors(error: unknown): Record<string, string[]> {
  const messages: Record<string, string[]> = {}
  if (!isApiError(error)) {
    return messages
  }
  const reason = error.faults.length === 1 ? error.reason : ''
  for (const { field, detail } of error.faults) {
    const key = field || 'non_field_errors'
    messages[key] = [...(messages[key] ?? []), translate(reason, 400, detail) ?? detail]
  }
  return messages
}
