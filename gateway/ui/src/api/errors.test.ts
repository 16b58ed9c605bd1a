import { afterEach, describe, expect, it } from 'vitest'
import {
  ApiError,
  errorOf,
  fieldErrors,
  isAborted,
  isTransient,
  problem,
  setErrorTranslator,
} from './errors'

function answer(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers })
}

afterEach(() => setErrorTranslator(() => null))

describe('errorOf', () => {
  it('reads a problem', async () => {
    const error = await errorOf(
      answer(
        400,
        {
          detail: 'domain with this name already exists.',
          reason: 'DOMAIN_EXISTS',
          trace_id: 't1',
          errors: [{ field: 'name', detail: 'domain with this name already exists.' }],
        },
        { 'retry-after': '3' },
      ),
    )
    expect(error).toMatchObject({
      status: 400,
      reason: 'DOMAIN_EXISTS',
      traceId: 't1',
      retryAfterSeconds: 3,
    })
    expect(fieldErrors(error)).toEqual({ name: ['domain with this name already exists.'] })
  })

  it('reads nested fields of the older form', async () => {
    const error = await errorOf(answer(400, { name: ['a', 'b'], mailbox: { quota: ['c'] } }))
    expect(fieldErrors(error)).toEqual({ name: ['a', 'b'], 'mailbox.quota': ['c'] })
    expect(error.detail).toBe('a')
  })

  it('survives what is not JSON', async () => {
    const error = await errorOf(
      answer(502, '<h1>Bad Gateway</h1>', { 'x-request-id': 'r9', 'retry-after': 'soon' }),
    )
    expect(error).toMatchObject({
      status: 502,
      reason: '',
      traceId: 'r9',
      retryAfterSeconds: null,
      faults: [],
    })
  })
})

describe('problem', () => {
  it('says the reason in the language of the reader', () => {
    setErrorTranslator((reason) => (reason === 'DOMAIN_EXISTS' ? 'Gibt es schon.' : null))
    expect(
      problem(new ApiError({ status: 409, reason: 'DOMAIN_EXISTS', detail: 'exists' })).detail,
    ).toBe('Gibt es schon.')
    expect(
      problem(new ApiError({ status: 409, reason: 'NEW', detail: 'as the server says' })).detail,
    ).toBe('as the server says')
  })

  it('takes a fault of our own as it is', () => {
    expect(problem(new TypeError('x is undefined'))).toMatchObject({
      status: -1,
      detail: 'x is undefined',
    })
    expect(problem('odd')).toMatchObject({ reason: 'FAULT', detail: 'odd' })
  })
})

describe('fieldErrors', () => {
  const fault = (field: string, detail: string) => ({ field, detail })

  it('says an only fault by the reason, several by their own sentences', () => {
    setErrorTranslator((reason, _, detail) =>
      reason ? `reason ${reason}` : detail === 'known' ? 'bekannt' : null,
    )
    const one = new ApiError({ status: 400, reason: 'R', detail: 'd', faults: [fault('a', 'x')] })
    const two = new ApiError({
      status: 400,
      reason: 'R',
      detail: 'd',
      faults: [fault('a', 'known'), fault('', 'y')],
    })
    expect(fieldErrors(one)).toEqual({ a: ['reason R'] })
    expect(fieldErrors(two)).toEqual({ a: ['bekannt'], non_field_errors: ['y'] })
  })

  it('is empty for everything else', () => {
    expect(fieldErrors(new Error('x'))).toEqual({})
    expect(fieldErrors(new ApiError({ status: 404, detail: 'gone' }))).toEqual({})
  })
})

describe('isTransient', () => {
  it.each([
    [0, true],
    [429, true],
    [503, true],
    [504, true],
    [400, false],
    [404, false],
    [500, false],
  ])('%i: %s', (status, expected) => {
    expect(isTransient(new ApiError({ status, detail: '' }))).toBe(expected)
  })

  it('knows an aborted call', () => {
    expect(isAborted(new DOMException('stop', 'AbortError'))).toBe(true)
    expect(isAborted(new Error('AbortError'))).toBe(false)
    expect(isTransient(new Error('x'))).toBe(false)
  })
})
