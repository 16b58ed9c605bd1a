import { ApiError } from './errors'
import { send } from './http'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
export type QueryValue = string | number | boolean | null | undefined | readonly (string | number)[]
export type Query = Record<string, QueryValue>

export interface RequestInitOf {
  query?: Query
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
}

export interface Answer<T> {
  data: T
  headers: Headers
  status: number
}

/* `?a=1&b=x&b=y`; what is empty, null or undefined is left out. */
export function queryString(query: Query = {}): string {
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== '') {
        params.append(key, String(one))
      }
    }
  }
  const text = params.toString()
  return text ? `?${text}` : ''
}

export async function request<T>(
  method: Method,
  path: string,
  init: RequestInitOf = {},
): Promise<Answer<T>> {
  const headers = new Headers(init.headers)
  if (init.body !== undefined) {
    headers.set('Content-Type', 'application/json')
  }
  const response = await send(
    new Request(new URL(path + queryString(init.query), location.origin), {
      method,
      headers,
      body: init.body === undefined ? undefined : JSON.stringify(init.body),
      signal: init.signal,
    }),
  )
  const text = await response.text()
  if (!text) {
    return { data: undefined as T, headers: response.headers, status: response.status }
  }
  try {
    return { data: JSON.parse(text) as T, headers: response.headers, status: response.status }
  } catch {
    throw new ApiError({
      status: response.status,
      reason: 'MALFORMED',
      detail: 'The answer is not JSON.',
    })
  }
}
