import { VUE_QUERY_CLIENT } from '@tanstack/vue-query'
import { flushPromises, mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h, reactive } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { ApiError } from './errors'
import { fetchPage, nextTokenOf, useFirstRows, useList } from './list'
import { invalidate, makeQueryClient, queryClient, retryDelay, useResource } from './query'

const calls: URL[] = []
let answer: (url: URL) => Response

beforeEach(() => {
  calls.length = 0
  sessionStorage.clear()
  queryClient.clear()
  answer = (url) => {
    const n = Number(url.searchParams.get('page_token')?.slice(1) ?? 0)
    const headers: Record<string, string> = { 'x-total-count': '3' }
    if (n < 2) {
      headers.link = `</api/v1/things/?page_size=1&page_token=t${n + 1}>; rel="next"`
    }
    return new Response(JSON.stringify([{ pk: n }]), { headers })
  }
  vi.stubGlobal('fetch', (input: Request) => {
    const url = new URL(input.url)
    calls.push(url)
    return Promise.resolve(answer(url))
  })
})

async function mounted<T>(setup: () => T, path = '/things') {
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/:any(.*)*', component: { render: () => null } }],
  })
  await router.push(path)
  let result: T | undefined
  const component = defineComponent({
    setup() {
      result = setup()
      return () => h('div')
    },
  })
  const client = makeQueryClient()
  const wrapper = mount(component, {
    global: { plugins: [router], provide: { [VUE_QUERY_CLIENT]: client } },
  })
  await flushPromises()
  return { result: result!, router, wrapper, client }
}

describe('nextTokenOf', () => {
  it.each([
    [null, ''],
    ['', ''],
    ['</api/v1/domains/?page_token=abc%3D>; rel="next"', 'abc='],
    ['</a/?page_token=p>; rel="prev", </a/?page_token=n>; rel=next', 'n'],
    ['</a/?x=1>; rel="next"', ''],
  ])('%s', (link, token) => {
    expect(nextTokenOf(link)).toBe(token)
  })
})

describe('fetchPage', () => {
  it('knows no total where the server did not count', async () => {
    answer = () => new Response('[]')
    expect(await fetchPage('/api/v1/things/', {})).toEqual({ rows: [], total: null, nextToken: '' })
  })
})

describe('useList', () => {
  const filters = reactive({ search: '' })
  const setup = () =>
    useList<{ pk: number }>('things', '/api/v1/things/', () => ({ ...filters, page_size: 1 }))

  beforeEach(() => {
    filters.search = ''
  })

  it('goes to the next page and back, with the page in the URL', async () => {
    const { result, router } = await mounted(setup)
    expect(result).toMatchObject({
      rows: [{ pk: 0 }],
      total: 3,
      hasNext: true,
      hasPrevious: false,
      page: 1,
    })
    result.next()
    await flushPromises()
    expect(router.currentRoute.value.query).toEqual({ after: 't1', page: '2' })
    expect(result).toMatchObject({ rows: [{ pk: 1 }], page: 2, hasPrevious: true })
    result.next()
    await flushPromises()
    expect(result).toMatchObject({ rows: [{ pk: 2 }], page: 3, hasNext: false })
    result.previous()
    await flushPromises()
    expect(result).toMatchObject({ rows: [{ pk: 1 }], page: 2 })
    router.back()
    await flushPromises()
    expect(router.currentRoute.value.query).toEqual({ after: 't2', page: '3' })
    expect(result.rows).toEqual([{ pk: 2 }])
  })

  it('shows the page of a shared link, and has no way back but to the first', async () => {
    const { result, router } = await mounted(setup, '/things?after=t2&page=3')
    expect(result).toMatchObject({ rows: [{ pk: 2 }], page: 3, hasPrevious: true })
    result.previous()
    await flushPromises()
    expect(router.currentRoute.value.query).toEqual({})
    expect(result.rows).toEqual([{ pk: 0 }])
  })

  it('never sends the token of other filters', async () => {
    const { result, router } = await mounted(setup)
    result.next()
    await flushPromises()
    filters.search = 'x'
    await flushPromises()
    expect(router.currentRoute.value.query.after).toBeUndefined()
    expect(result.page).toBe(1)
    const tokens = calls
      .filter((url) => url.searchParams.get('search') === 'x')
      .map((url) => url.searchParams.get('page_token'))
    expect(tokens).toEqual([null])
  })

  it('tells what went wrong, and loads again on demand', async () => {
    answer = () =>
      new Response(JSON.stringify({ detail: 'no', reason: 'ROLE_NOT_ALLOWED' }), { status: 403 })
    const { result } = await mounted(setup)
    expect(result.error).toMatchObject({ status: 403 })
    expect(result.loading).toBe(false)
    answer = () => new Response('[{"pk": 9}]')
    await result.refetch()
    expect(result).toMatchObject({ rows: [{ pk: 9 }], total: null, error: null })
  })
})

describe('useFirstRows', () => {
  it('has the rows and their number', async () => {
    const { result } = await mounted(() =>
      useFirstRows('things', '/api/v1/things/', () => ({ page_size: 1 }), { everySeconds: 30 }),
    )
    expect(result).toMatchObject({ rows: [{ pk: 0 }], total: 3, loading: false, error: null })
    expect(result.updatedAt).toBeGreaterThan(0)
    await result.refetch()
    expect(calls).toHaveLength(2)
  })
})

describe('useResource', () => {
  it('loads one object, and again when told', async () => {
    answer = () => new Response('{"pk": 4}')
    const { result } = await mounted(() =>
      useResource<{ pk: number }>('thing', () => '/api/v1/things/4/'),
    )
    expect(result).toMatchObject({ data: { pk: 4 }, loading: false, fetching: false, error: null })
    await result.refetch()
    expect(calls).toHaveLength(2)
  })

  it('waits while it is not wanted', async () => {
    const { result } = await mounted(() =>
      useResource(
        'thing',
        () => '/x/',
        () => ({}),
        { enabled: () => false, everySeconds: 5 },
      ),
    )
    expect(result.data).toBeUndefined()
    expect(calls).toHaveLength(0)
  })
})

describe('queries', () => {
  it('wait longer from try to try, or as long as the server says', () => {
    const busy = new ApiError({ status: 429, detail: '', retryAfterSeconds: 2 })
    expect([0, 1, 2, 9].map((n) => retryDelay(n, new Error('x')))).toEqual([400, 800, 1600, 8000])
    expect(retryDelay(0, busy)).toBe(2000)
  })

  it('try again only what may work in a moment', () => {
    const retry = makeQueryClient().getDefaultOptions().queries!.retry as (
      count: number,
      error: unknown,
    ) => boolean
    const away = new ApiError({ status: 503, detail: '' })
    expect(retry(0, away)).toBe(true)
    expect(retry(4, away)).toBe(false)
    expect(retry(0, new ApiError({ status: 404, detail: '' }))).toBe(false)
  })

  it('are asked anew by the kind of their object', async () => {
    queryClient.setQueryData(['domains', '/a'], 1)
    queryClient.setQueryData(['quotas', '/b'], 1)
    await invalidate('domains')
    expect(queryClient.getQueryState(['domains', '/a'])?.isInvalidated).toBe(true)
    expect(queryClient.getQueryState(['quotas', '/b'])?.isInvalidated).toBe(false)
  })
})
