import { flushPromises } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { request } from '@/api/request'
import { setHooks } from '@/api/http'
import { check, connection, noteAnswer, onRecovery, watchConnection } from './connection'
import { findObjects } from './find'
import { preferences } from './preferences'
import {
  finishRelogin,
  loadSession,
  login,
  onForget,
  relogin,
  useSession,
  watchSession,
} from './session'
import { panels, submitForm, useShortcuts } from './shortcuts'
import { isOutdated, watchVersion } from './version'

type Reply = { status: number; body?: unknown; headers?: Record<string, string> }
let routes: Record<string, Reply | Reply[] | undefined>

function reply(url: string): Response {
  const path = new URL(url, location.origin).pathname
  const found = routes[path]
  const one = Array.isArray(found) ? found.shift() : found
  if (!one) {
    return new Response('{"detail":"gone"}', { status: 404 })
  }
  const body = typeof one.body === 'string' ? one.body : JSON.stringify(one.body ?? {})
  return new Response(one.status === 204 ? null : body, {
    status: one.status,
    headers: one.headers ?? {},
  })
}

const admin = { pk: 1, username: 'admin', role: 'SuperAdmins', first_name: '', last_name: '' }

beforeEach(() => {
  routes = {}
  setHooks({ settled: () => undefined })
  vi.stubGlobal('fetch', (input: Request | string) =>
    Promise.resolve(reply(typeof input === 'string' ? input : input.url)),
  )
})

async function begin() {
  routes['/api/v1/auth/login/'] = { status: 200, body: { csrf_token: 'c' } }
  routes['/api/v1/account/me/'] = { status: 200, body: admin }
  await login('admin', 'secret')
}

describe('the session', () => {
  const { account, can, isSuperAdmin, logout, replaceAccount } = useSession()

  it('is found, or is not there', async () => {
    routes['/api/v1/account/me/'] = { status: 401, body: { detail: 'no' } }
    expect(await loadSession()).toBeNull()
    routes['/api/v1/account/me/'] = { status: 503 }
    await expect(loadSession()).rejects.toMatchObject({ status: 503 })
  })

  it('begins with a login and knows the role', async () => {
    await begin()
    expect(account.value?.username).toBe('admin')
    expect([can('SuperAdmins'), can('Resellers'), isSuperAdmin.value]).toEqual([true, false, true])
    replaceAccount({ ...account.value!, first_name: 'Ada' } as never)
    expect(account.value?.first_name).toBe('Ada')
  })

  it('asks to log in again over the page, and the call goes on', async () => {
    await begin()
    watchSession()
    routes['/api/v1/domains/'] = [
      { status: 401, body: { detail: 'over' } },
      { status: 201, body: { pk: 5 } },
    ]
    const saved = request<{ pk: number }>('POST', '/api/v1/domains/', {
      body: { name: 'typed.test' },
    })
    await vi.waitFor(() => expect(relogin.open).toBe(true))
    finishRelogin(true)
    expect((await saved).data).toEqual({ pk: 5 })
    expect(relogin.open).toBe(false)
  })

  it('forgets what was loaded when somebody else logs in, or at the logout', async () => {
    await begin()
    const forget = vi.fn()
    onForget(forget)
    routes['/api/v1/account/me/'] = { status: 200, body: { ...admin, pk: 2 } }
    await login('other', 'secret')
    expect(forget).toHaveBeenCalledTimes(1)
    routes['/api/v1/auth/logout/'] = { status: 204 }
    await logout()
    expect(forget).toHaveBeenCalledTimes(2)
    expect(account.value).toBeNull()
    routes['/api/v1/auth/logout/'] = { status: 503 }
    await expect(logout()).rejects.toMatchObject({ status: 503 })
  })

  it('without one nobody is asked', async () => {
    watchSession()
    routes['/api/v1/domains/'] = { status: 401, body: {} }
    await expect(request('GET', '/api/v1/domains/')).rejects.toMatchObject({ status: 401 })
    expect(relogin.open).toBe(false)
  })
})

describe('the connection', () => {
  it('is degraded while a service is away, and recovers by itself', async () => {
    vi.useFakeTimers()
    const reload = vi.fn()
    onRecovery(reload)
    watchConnection()
    noteAnswer('/api/v1/domains/7/', 503)
    noteAnswer('/api/v1/accounts/', 200)
    expect(connection.value).toBe('degraded')
    routes['/readyz'] = [{ status: 503 }, { status: 200 }]
    await vi.advanceTimersByTimeAsync(3000)
    expect(connection.value).toBe('degraded')
    await vi.advanceTimersByTimeAsync(3000)
    expect(connection.value).toBe('ok')
    expect(reload).toHaveBeenCalledTimes(1)
    vi.useRealTimers()
  })

  it('tells the whole server from a part, and both from no network', async () => {
    noteAnswer('/api/v1/domains/', 0)
    expect(connection.value).toBe('unreachable')
    window.dispatchEvent(new Event('offline'))
    expect(connection.value).toBe('offline')
    noteAnswer('/api/v1/domains/', 200)
    window.dispatchEvent(new Event('online'))
    await check()
    expect(connection.value).toBe('ok')
  })
})

describe('find', () => {
  it('asks for domains and identities, and lives with half an answer', async () => {
    routes['/api/v1/domains/'] = { status: 200, body: [{ pk: 3, name: 'a.test' }] }
    routes['/api/v1/identities/'] = {
      status: 200,
      body: [{ kind: 'alias', pk: 9, address: 'x@a.test', name: 'Sales' }],
    }
    const signal = new AbortController().signal
    const both = await findObjects('a', signal)
    expect(both).toMatchObject({
      isPartial: false,
      found: [{ to: '/domains/3' }, { to: { query: { alias: '9' } } }],
    })
    routes['/api/v1/identities/'] = { status: 500 }
    expect(await findObjects('a', signal)).toMatchObject({
      isPartial: true,
      found: [{ label: 'a.test' }],
    })
  })
})

function makeRouter() {
  const page = { render: () => null }
  return createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/:any(.*)*', component: page }],
  })
}

function press(
  key: string,
  init: KeyboardEventInit = {},
  target: EventTarget = document.body,
): boolean {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...init })
  target.dispatchEvent(event)
  return event.defaultPrevented
}

describe('shortcuts', () => {
  it('go, open and create outside of fields, and can be switched off', async () => {
    await begin()
    const router = makeRouter()
    await router.push('/domains')
    const scope = effectScope()
    scope.run(() => useShortcuts(router))
    press('n')
    await flushPromises()
    expect(router.currentRoute.value.path).toBe('/domains/new')
    press('g')
    press('q')
    await flushPromises()
    expect(router.currentRoute.value.path).toBe('/quotas')
    expect([press('g'), press('z'), press('e'), press('n')]).toEqual([true, false, false, false])
    expect(press('?')).toBe(true)
    expect(panels.help).toBe(true)
    expect(press('/')).toBe(true)
    expect(panels.palette).toBe(true)
    press('k', { ctrlKey: true })
    expect(panels.palette).toBe(false)

    const input = document.body.appendChild(document.createElement('input'))
    expect(press('?', {}, input)).toBe(false)
    preferences.shortcuts = false
    expect([press('?'), press('k', { metaKey: true })]).toEqual([false, true])
    preferences.shortcuts = true
    input.remove()
    panels.palette = false
    panels.help = false
    scope.stop()
    expect(press('?')).toBe(false)
  })

  it('save the form with Ctrl and Enter', () => {
    const form = document.body.appendChild(document.createElement('form'))
    const field = form.appendChild(document.createElement('input'))
    const submitted = vi.fn((event: Event) => event.preventDefault())
    form.addEventListener('submit', submitted)
    field.focus()
    expect(submitForm()).toBe(true)
    expect(submitted).toHaveBeenCalledTimes(1)
    form.remove()
    expect(submitForm()).toBe(false)
  })
})

describe('a new version', () => {
  it('is told when a part of the old one is gone', async () => {
    const script = document.head.appendChild(document.createElement('script'))
    script.type = 'module'
    script.src = '/assets/index-old.js'
    watchVersion(makeRouter())
    const fail = (message: string) =>
      window.dispatchEvent(
        Object.assign(new Event('vite:preloadError'), { payload: new Error(message) }),
      )
    routes['/'] = { status: 200, body: 'src="/assets/index-old.js"' }
    fail('Failed to fetch dynamically imported module')
    await flushPromises()
    expect(isOutdated.value).toBe(false)
    routes['/'] = { status: 200, body: 'src="/assets/index-new.js"' }
    fail('something else')
    await flushPromises()
    expect(isOutdated.value).toBe(false)
    fail('Failed to fetch dynamically imported module')
    await vi.waitFor(() => expect(isOutdated.value).toBe(true))
    script.remove()
  })
})
