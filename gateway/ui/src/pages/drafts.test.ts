// What the forms of the pages keep over a reload, and what they do when somebody else was faster.
import { VUE_QUERY_CLIENT } from '@tanstack/vue-query'
import { flushPromises, mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h, nextTick } from 'vue'
import { createMemoryHistory, createRouter, RouterView } from 'vue-router'
import { queryClient } from '@/api/query'
import { useSession } from '@/shell/session'
import { TextField } from '@/ui'
import ProfileTab from './account/profile-tab.vue'
import { PROFILE_DRAFT } from './account/profile-form'
import { DRAFT as DOMAIN_ALIAS_DRAFT } from './domains/alias-form'
import { DRAFT as DOMAIN_DRAFT } from './domains/domain-form'
import { DRAFT as NEW_DOMAIN_DRAFT } from './domains/plan'
import AccountAddresses from './identities/account-addresses.vue'
import { ACCOUNT_DRAFT, NEW_ACCOUNT_DRAFT } from './identities/account-form'
import { ALIAS_DRAFT } from './identities/alias-form'
import NewAccountDrawer from './identities/new-account-drawer.vue'
import type { Account } from './identities/types'

const me = {
  pk: 1,
  username: 'me@a.test',
  first_name: 'Before',
  last_name: 'B',
  secondary_email: '',
  phone_number: '',
  language: 'en',
  role: 'SuperAdmins',
  domains: [],
  etag: '1',
}
const session = useSession()
let answer: (method: string, url: URL, init: RequestInit) => Response

function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  const text = status === 204 ? null : JSON.stringify(body)
  return new Response(text, { status, headers: { 'content-type': 'application/json', ...headers } })
}

beforeEach(() => {
  sessionStorage.clear()
  queryClient.clear()
  session.replaceAccount({ ...me } as never)
  vi.stubGlobal('fetch', async (input: string | Request, init: RequestInit = {}) => {
    const request = input instanceof Request ? input : null
    const url = new URL(request?.url ?? String(input), location.origin)
    return answer(
      request?.method ?? init.method ?? 'GET',
      url,
      request ? { body: await request.text(), headers: Object.fromEntries(request.headers) } : init,
    )
  })
})

async function show(component: object, props: Record<string, unknown> = {}) {
  const page = defineComponent({ render: () => h(component as never, props) })
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/:any(.*)*', component: page }],
  })
  await router.push('/')
  const shown = mount(RouterView, {
    attachTo: document.body,
    global: { plugins: [router], provide: { [VUE_QUERY_CLIENT]: queryClient } },
  })
  await flushPromises()
  return shown
}

describe('what a reload keeps', () => {
  const schemas = {
    PROFILE_DRAFT,
    DOMAIN_ALIAS_DRAFT,
    DOMAIN_DRAFT,
    NEW_DOMAIN_DRAFT,
    ACCOUNT_DRAFT,
    NEW_ACCOUNT_DRAFT,
    ALIAS_DRAFT,
  }

  it.each(Object.entries(schemas))('is no secret: %s', (_name, schema) => {
    for (const [field, kind] of Object.entries(schema)) {
      const isSecret = /passw|secret|token|key|pin\b|code/i.test(field)
      expect(`${field} ${kind === 'secret'}`).toBe(`${field} ${isSecret}`)
    }
  })

  it('of a new account is all but its password', async () => {
    answer = () => json([])
    const drawer = await show(NewAccountDrawer, { open: true, domain: 'a.test' })
    for (const field of drawer.findAll('input')) {
      if (field.attributes('autocomplete') === 'new-password') {
        await field.setValue('hunter2-hunter2')
      } else if (field.attributes('type') !== 'checkbox') {
        await field.setValue('typed@a.test')
      }
    }
    await nextTick()
    const stored = JSON.stringify({ ...sessionStorage })
    expect(stored).toContain('typed@a.test')
    expect(stored).not.toContain('hunter2')
    expect(stored).not.toContain('password')
    drawer.unmount()
    expect(sessionStorage).toHaveLength(0)
  })
})

describe('one’s own profile', () => {
  const sent: [string, unknown][] = []

  /* Somebody else has saved `theirs` meanwhile. */
  async function saveMine(theirs: Partial<typeof me>) {
    const now = { ...me, ...theirs, etag: '2' }
    sent.length = 0
    let isRead = false
    answer = (method, _url, init) => {
      if (method === 'PATCH') {
        const etag = new Headers(init.headers).get('if-match') ?? ''
        sent.push([etag, JSON.parse(String(init.body))])
        return etag === '"2"'
          ? json({ ...now, ...JSON.parse(String(init.body)), etag: '3' })
          : json({ detail: 'changed' }, 412)
      }
      const body = isRead ? now : me
      isRead = true
      return json(body)
    }
    const tab = await show(ProfileTab)
    const field = tab.findAllComponents(TextField)[0]!
    await field.get('input').setValue('Mine')
    await tab.get('form').trigger('submit')
    await flushPromises()
    return tab
  }

  it('puts together what can both stand', async () => {
    const tab = await saveMine({ last_name: 'Other' })
    expect(sent).toEqual([
      ['"1"', { first_name: 'Mine' }],
      ['"2"', { first_name: 'Mine' }],
    ])
    expect(session.account.value).toMatchObject({ first_name: 'Mine', last_name: 'Other' })
    tab.unmount()
  })

  it('shows both where two have changed the same, and overwrites nothing unasked', async () => {
    const tab = await saveMine({ first_name: 'Theirs' })
    expect(sent).toHaveLength(1)
    expect(tab.text()).toContain('Theirs')
    const [yours, theirs] = tab.findAll('input[type=radio]')
    expect((yours!.element as HTMLInputElement).checked).toBe(true)
    await theirs!.trigger('change')
    expect(tab.findAllComponents(TextField)[0]!.props('modelValue')).toBe('Theirs')
    await yours!.trigger('change')
    await tab.get('form').trigger('submit')
    await flushPromises()
    expect(sent[1]).toEqual(['"2"', { first_name: 'Mine' }])
    expect(tab.find('input[type=radio]').exists()).toBe(false)
    tab.unmount()
  })
})

describe('the addresses of an account', () => {
  it('come in pages', async () => {
    const asked: string[] = []
    answer = (_method, url) => {
      const token = url.searchParams.get('page_token') ?? ''
      asked.push(token)
      const row = { recipients: ['me@a.test'], enabled: true, expire_at: null }
      const headers: Record<string, string> = { 'x-total-count': '26' }
      if (!token) {
        headers.link = '</api/v1/aliases/?page_token=two>; rel="next"'
      }
      return json(
        [{ ...row, pk: token ? 2 : 1, address: `${token || 'one'}@a.test` }],
        200,
        headers,
      )
    }
    const account = { pk: 1, mailbox: { pk: 7, full_address: 'me@a.test' } } as Account
    const tab = await show(AccountAddresses, { account })
    expect(tab.text()).toContain('one@a.test')
    expect(tab.get('nav').text()).toContain('26')
    await tab.findAll('nav button').at(-1)!.trigger('click')
    await vi.waitFor(() => expect(tab.text()).toContain('two@a.test'))
    await tab.findAll('nav button').at(0)!.trigger('click')
    await vi.waitFor(() => expect(tab.text()).toContain('one@a.test'))
    expect(asked).toContain('two')
    tab.unmount()
  })
})
