import { turn } from '@/lib/steps'
import { ApiError, errorOf, isAborted } from './errors'

/* One way out: every call goes through `send`, which adds what the gateway wants to see and deals with ended
 * sessions. Answers other than 2xx are thrown as ApiError. */

export interface Hooks {
  /* The session is over: resolves to true when the user has logged in again. */
  relogin: () => Promise<boolean>
  /* How a call ended; status 0 without an answer. */
  settled: (path: string, status: number) => void
}

let hooks: Hooks = { relogin: () => Promise.resolve(false), settled: () => undefined }
let csrfToken = ''
let relogin: Promise<boolean> | null = null

export function setHooks(changed: Partial<Hooks>): void {
  hooks = { ...hooks, ...changed }
}

export function setCsrfToken(token: string): void {
  csrfToken = token
}

export function hasCsrfToken(): boolean {
  return csrfToken !== ''
}

const SAFE = ['GET', 'HEAD', 'OPTIONS']
const WITHOUT_SESSION = ['/api/v1/auth/login/', '/api/v1/auth/logout/']

export function requestId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12))
  return `ui-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

function dressed(request: Request): Request {
  const headers = new Headers(request.headers)
  headers.set('Accept', 'application/json, application/problem+json')
  headers.set('X-Request-Id', requestId())
  if (!SAFE.includes(request.method) && csrfToken) {
    headers.set('X-CSRF-Token', csrfToken)
  }
  return new Request(request, { headers, credentials: 'same-origin', cache: 'no-store' })
}

declare global {
  interface Window {
    early?: {
      answers: Record<string, Promise<Response>>
      /* The page's head is painted, or nothing is to be waited for. */
      head: Promise<unknown>
    }
  }
}

/* What theme.js has asked for before this program was there: each answer serves once, and none after a write. */
function earlyAnswer(request: Request): Promise<Response> | undefined {
  if (!SAFE.includes(request.method)) {
    delete window.early
  }
  const { pathname, search } = new URL(request.url)
  const answer = window.early?.answers[pathname + search]
  if (answer) {
    delete window.early!.answers[pathname + search]
  }
  return answer
}

async function once(request: Request, path: string): Promise<Response> {
  let response: Response
  await turn()
  try {
    response = await (earlyAnswer(request) ?? fetch(dressed(request)))
  } catch (error) {
    if (isAborted(error)) {
      throw error
    }
    hooks.settled(path, 0)
    const reason = navigator.onLine ? 'NETWORK' : 'OFFLINE'
    throw new ApiError({ status: 0, reason, detail: 'No answer from the server.' })
  }
  csrfToken = response.headers.get('x-csrf-token') ?? csrfToken
  hooks.settled(path, response.status)
  return response
}

/* All calls that meet the end of the session wait for the same new login. */
function reloginOnce(): Promise<boolean> {
  relogin ??= hooks.relogin().finally(() => {
    relogin = null
  })
  return relogin
}

async function renewCsrfToken(): Promise<boolean> {
  const before = csrfToken
  await once(new Request(new URL('/api/v1/account/me/', location.origin)), '/api/v1/account/me/')
  return csrfToken !== before
}

export async function send(request: Request): Promise<Response> {
  const path = new URL(request.url).pathname
  let response = await once(request.clone(), path)
  if (response.status === 401 && !WITHOUT_SESSION.includes(path) && (await reloginOnce())) {
    response = await once(request.clone(), path)
  }
  if (response.ok) {
    return response
  }
  const error = await errorOf(response)
  if (error.reason === 'CSRF_TOKEN_INVALID' && (await renewCsrfToken())) {
    response = await once(request.clone(), path)
    if (response.ok) {
      return response
    }
    throw await errorOf(response)
  }
  throw error
}
