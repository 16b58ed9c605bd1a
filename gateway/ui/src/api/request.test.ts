import { beforeEach, describe, expect, it, vi } from 'vitest'
import { api } from './client'
import { ApiError } from './errors'
import { hasCsrfToken, requestId, setCsrfToken, setHooks } from './http'
import { queryString, request } from './request'

type Reply = Response | Error | (() => Response)
let sent: Request[] = []
let replies: Reply[] = []
const settled: [string, number][] = []

function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(body === null ? null : JSON.stringify(body), { status, headers })
}

beforeEach(() => {
  sent = []
  replies = []
  settled.length = 0
  setCsrfToken('')
  setHooks({
    relogin: () => Promise.resolve(false),
    settled: (path, status) => settled.push([path, status]),
  })
  vi.stubGlobal('fetch', (input: Request) => {
    sent.push(input)
    const reply = replies.shift()
    if (reply instanceof Error) {
      return Promise.reject(reply)
    }
    return Promise.resolve(typeof reply === 'function' ? reply() : (reply ?? json(200, {})))
  })
})

describe('queryString', () => {
  it('leaves out what is empty and repeats lists', () => {
    expect(queryString({ a: 1, b: '', c: null, d: undefined, e: [2, 3], f: false, g: 'x y' })).toBe(
      '?a=1&e=2&e=3&f=false&g=x+y',
    )
    expect(queryString()).toBe('')
  })
})

describe('request', () => {
  it('sends JSON and takes JSON', async () => {
    replies = [json(201, { pk: 7 }, { etag: '"e"' })]
    const answer = await request<{ pk: number }>('POST', '/api/v1/domains/', {
      body: { name: 'a.test' },
      query: { x: 1 },
      headers: { 'If-Match': '"1"' },
    })
    expect(answer).toMatchObject({ data: { pk: 7 }, status: 201 })
    expect(answer.headers.get('etag')).toBe('"e"')
    const [first] = sent
    expect(first!.url).toMatch(/\/api\/v1\/domains\/\?x=1$/)
    expect(first!.headers.get('content-type')).toBe('application/json')
    expect(first!.headers.get('if-match')).toBe('"1"')
    expect(first!.headers.get('accept')).toContain('application/problem+json')
    expect(first!.headers.get('x-request-id')).toMatch(/^ui-[0-9a-f]{24}$/)
    expect(await first!.json()).toEqual({ name: 'a.test' })
  })

  it('takes an empty answer, and refuses one that is not JSON', async () => {
    replies = [new Response(null, { status: 204 }), new Response('<html>', { status: 200 })]
    expect((await request('DELETE', '/x/')).data).toBeUndefined()
    await expect(request('GET', '/x/')).rejects.toMatchObject({ reason: 'MALFORMED' })
  })

  it('proves where a write comes from with the token of the last answer', async () => {
    replies = [json(200, {}, { 'x-csrf-token': 'tok' }), json(200, {}), json(200, {})]
    expect(hasCsrfToken()).toBe(false)
    await request('GET', '/a/')
    await request('PATCH', '/a/', { body: {} })
    await request('GET', '/a/')
    expect(sent.map((one) => one.headers.get('x-csrf-token'))).toEqual([null, 'tok', null])
    expect(hasCsrfToken()).toBe(true)
  })

  it('fetches a stale token anew and repeats the write once', async () => {
    setCsrfToken('old')
    replies = [
      json(403, { reason: 'CSRF_TOKEN_INVALID', detail: 'no' }),
      json(200, {}, { 'x-csrf-token': 'new' }),
      json(200, { done: true }),
    ]
    expect((await request('POST', '/a/', { body: { n: 1 } })).data).toEqual({ done: true })
    expect(sent.map((one) => one.headers.get('x-csrf-token'))).toEqual(['old', null, 'new'])
    expect(await sent[2]!.json()).toEqual({ n: 1 })
  })

  it('gives up when the token is refused again, or has not changed', async () => {
    setCsrfToken('old')
    const refusal = () => json(403, { reason: 'CSRF_TOKEN_INVALID', detail: 'no' })
    replies = [refusal, json(200, {}, { 'x-csrf-token': 'new' }), refusal, refusal, json(200, {})]
    await expect(request('POST', '/a/')).rejects.toMatchObject({ reason: 'CSRF_TOKEN_INVALID' })
    await expect(request('POST', '/a/')).rejects.toMatchObject({ reason: 'CSRF_TOKEN_INVALID' })
    expect(sent).toHaveLength(5)
  })
})

describe('the end of the session', () => {
  const over = () => json(401, { reason: 'CREDENTIALS_INVALID', detail: 'over' })

  it('asks once for all calls, and repeats them after the login', async () => {
    const relogin = vi.fn(() => Promise.resolve(true))
    setHooks({ relogin })
    replies = [over, over, json(200, { n: 1 }), json(200, { n: 2 })]
    const answers = await Promise.all([
      request('GET', '/a/'),
      request('POST', '/b/', { body: { typed: 'kept' } }),
    ])
    expect(relogin).toHaveBeenCalledTimes(1)
    expect(answers).toHaveLength(2)
    const repeated = sent.filter((one) => one.method === 'POST')
    expect(await repeated[1]!.json()).toEqual({ typed: 'kept' })
  })

  it('fails without a new login, and never asks during the login', async () => {
    const relogin = vi.fn(() => Promise.resolve(false))
    setHooks({ relogin })
    replies = [over, over]
    await expect(request('GET', '/a/')).rejects.toMatchObject({ status: 401 })
    await expect(request('POST', '/api/v1/auth/login/')).rejects.toMatchObject({ status: 401 })
    expect(relogin).toHaveBeenCalledTimes(1)
  })
})

describe('no answer', () => {
  it('is told apart: no network, no server, no wish', async () => {
    replies = [
      new TypeError('failed'),
      new TypeError('failed'),
      new DOMException('stop', 'AbortError'),
    ]
    await expect(request('GET', '/api/v1/domains/')).rejects.toMatchObject({
      status: 0,
      reason: 'NETWORK',
    })
    vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false)
    await expect(request('GET', '/api/v1/domains/')).rejects.toMatchObject({
      status: 0,
      reason: 'OFFLINE',
    })
    await expect(request('GET', '/x/')).rejects.not.toBeInstanceOf(ApiError)
    expect(settled).toEqual([
      ['/api/v1/domains/', 0],
      ['/api/v1/domains/', 0],
    ])
  })
})

describe('the typed client', () => {
  it('goes the same way', async () => {
    replies = [
      json(200, { pk: 1, username: 'admin' }),
      json(503, { reason: 'SERVICE_UNAVAILABLE', detail: 'away' }),
    ]
    expect((await api.GET('/api/v1/account/me/')).data).toMatchObject({ username: 'admin' })
    await expect(api.GET('/api/v1/account/me/')).rejects.toMatchObject({ status: 503 })
    expect(settled.at(-1)).toEqual(['/api/v1/account/me/', 503])
  })
})

it('gives each request an id of its own', () => {
  expect(requestId()).not.toBe(requestId())
})

describe('what was asked for before the program was there', () => {
  const me = '/api/v1/account/me/'
  const early = (answer: Promise<Response>) => {
    window.early = { answers: { [me]: answer }, head: Promise.resolve() }
  }

  it('serves once', async () => {
    early(Promise.resolve(json(200, { pk: 1 }, { 'x-csrf-token': 'c' })))
    replies = [json(200, { pk: 2 })]
    expect((await request('GET', me)).data).toEqual({ pk: 1 })
    expect(hasCsrfToken()).toBe(true)
    expect(sent).toHaveLength(0)
    expect((await request('GET', me)).data).toEqual({ pk: 2 })
  })

  it('is not what other questions get', async () => {
    early(Promise.resolve(json(200, { pk: 1 })))
    await request('GET', me, { query: { a: 1 } })
    expect(sent).toHaveLength(1)
  })

  it('is forgotten with the first write', async () => {
    early(Promise.resolve(json(401, {})))
    await request('POST', '/api/v1/auth/login/', { body: {} })
    expect((await request('GET', me)).status).toBe(200)
  })

  it('fails as any question does', async () => {
    early(Promise.reject(new TypeError('no')))
    await expect(request('GET', me)).rejects.toMatchObject({ status: 0, reason: 'NETWORK' })
  })
})
