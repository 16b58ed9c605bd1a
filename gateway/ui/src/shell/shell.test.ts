import { mount } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h, nextTick, ref } from 'vue'
import { ApiError } from '@/api/errors'
import { setLanguage } from '@/lib/i18n'
import { currentCall, curlOf, useApiCall, type ApiCall } from './api-call'
import { folded, matching } from './commands'
import { knownDetail } from './details'
import { initialsOf, nameOf } from './display-name'
import { sectionOf } from './nav'
import { sayProblem, problemText, translateErrors } from './problems'
import { useTasks } from './tasks'
import { titleOf } from './title'
import { hasUnsaved, useUnsaved } from './unsaved'

afterEach(() => setLanguage('en'))

function within(setup: () => void) {
  return mount(defineComponent({ setup: () => (setup(), () => h('i')) }))
}

describe('View as API call', () => {
  it('is the call of the component that came last and has one', async () => {
    const drawer = ref<ApiCall | null>(null)
    within(() => useApiCall(() => ({ method: 'GET', url: '/page' })))
    const inner = within(() => useApiCall(() => drawer.value))
    expect(currentCall.value?.url).toBe('/page')
    drawer.value = { method: 'PATCH', url: '/drawer', body: { a: 1 } }
    expect(currentCall.value?.url).toBe('/drawer')
    inner.unmount()
    expect(currentCall.value?.url).toBe('/page')
  })

  it('can be run in a shell', () => {
    expect(curlOf({ method: 'GET', url: '/api/v1/domains/?page_size=5' }, 'https://m.test')).toBe(
      `curl \\\n  -H "Authorization: Token $ROOST_TOKEN" \\\n  'https://m.test/api/v1/domains/?page_size=5'`,
    )
    const call = { method: 'POST', url: '/api/v1/domains/', body: { name: "o'neil" } }
    expect(curlOf(call, 'https://m.test')).toContain(`-d '{"name":"o'\\''neil"}'`)
    expect(curlOf(call, 'https://m.test')).toMatch(/^curl -X POST/)
  })
})

describe('tasks', () => {
  const { items, running, start, cancel, dismiss } = useTasks()

  it('report how far they are, and their result', async () => {
    const state = start({
      title: 'Work',
      total: 2,
      run: async (report) => {
        report(1, undefined, 'half')
        await nextTick()
        return 'all done'
      },
    })
    expect(items[0]).toMatchObject({ state: 'running', done: 1, total: 2, note: 'half' })
    expect(running.value).toHaveLength(1)
    expect(await state).toBe('done')
    expect(items[0]).toMatchObject({ state: 'done', note: 'all done' })
  })

  it('are cancelled, fail, and are taken off the list', async () => {
    const waiting = start({
      title: 'Wait',
      run: (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new DOMException('stop', 'AbortError')))
        }),
    })
    const { id } = items[0]!
    dismiss(id)
    expect(items[0]!.id).toBe(id)
    const event = new Event('beforeunload', { cancelable: true })
    window.dispatchEvent(event)
    expect(event.defaultPrevented).toBe(true)
    cancel(id)
    expect(await waiting).toBe('cancelled')
    dismiss(id)
    expect(items.some((task) => task.id === id)).toBe(false)
    expect(await start({ title: 'Fail', run: () => Promise.reject(new Error('why')) })).toBe(
      'failed',
    )
    expect(items[0]).toMatchObject({ state: 'failed', error: 'why' })
  })

  it('keep the last twenty results', async () => {
    for (let n = 0; n < 25; n++) {
      await start({ title: `t${n}`, run: () => Promise.resolve() })
    }
    expect(items).toHaveLength(20)
    expect(items[0]!.title).toBe('t24')
  })
})

describe('commands', () => {
  const all = [
    { label: 'Open the domains' },
    { label: 'Domain: new' },
    { label: 'Boîtes', keywords: 'mailbox' },
  ]

  it.each([
    ['', 3],
    ['dom', 2],
    ['new dom', 1],
    ['boite', 1],
    ['MAILBOX', 1],
    ['zzz', 0],
  ])('"%s" matches %i', (text, n) => {
    expect(matching(all, text)).toHaveLength(n)
  })

  it('that begin with the text come first', () => {
    expect(matching(all, 'domain')[0]!.label).toBe('Domain: new')
    expect(folded('Échap')).toBe('echap')
  })
})

describe('what went wrong', () => {
  it('is said in the language of the reader', async () => {
    translateErrors()
    await setLanguage('de')
    expect(sayProblem('DOMAIN_EXISTS', 400, 'x')).toBe('Diese Domain gibt es schon.')
    expect(sayProblem('', 400, 'Password must contain at least 2 digits.')).toBe(
      'Mindestens 2 Ziffern sind nötig.',
    )
    expect(sayProblem('UNHEARD_OF', 503, 'x')).toBe('Der zuständige Dienst antwortet gerade nicht.')
    expect(sayProblem('UNHEARD_OF', 409, 'x')).toBeNull()
    expect(
      problemText(new ApiError({ status: 409, reason: 'UNHEARD_OF', detail: 'as it is' })),
    ).toBe('as it is')
  })

  it('keeps the values of a sentence', () => {
    expect(knownDetail('Local recipient a@b.test not found')).toEqual({
      key: 'errors.text.recipient',
      named: { address: 'a@b.test' },
    })
    expect(knownDetail('Something else.')).toBeNull()
  })
})

describe('unsaved changes', () => {
  it('hold the window while there are any', async () => {
    const dirty = ref(false)
    const page = within(() => useUnsaved(dirty))
    const leave = () => {
      const event = new Event('beforeunload', { cancelable: true })
      window.dispatchEvent(event)
      return event.defaultPrevented
    }
    expect([hasUnsaved(), leave()]).toEqual([false, false])
    dirty.value = true
    expect([hasUnsaved(), leave()]).toEqual([true, true])
    page.unmount()
    expect([hasUnsaved(), leave()]).toEqual([false, false])
  })
})

describe('names and titles', () => {
  it.each([
    [{ username: 'a@b.test', first_name: 'Ada', last_name: 'King' }, 'Ada King', 'AK'],
    [{ username: 'ada.king@b.test', first_name: '', last_name: '' }, 'ada.king@b.test', 'A'],
    [{ username: 'x', first_name: 'Élodie', last_name: '' }, 'Élodie', 'É'],
  ])('%o', (account, name, initials) => {
    expect(nameOf(account)).toBe(name)
    expect(initialsOf(account)).toBe(initials)
  })

  it('of the window say object, section and product once', () => {
    expect(titleOf('example.org', 'Domains')).toBe('example.org – Domains – Roost')
    expect(titleOf('Domains', 'Domains')).toBe('Domains – Roost')
    expect(titleOf('', '')).toBe('Roost')
  })

  it('of sections follow the path', () => {
    expect(sectionOf('/')?.key).toBe('dashboard')
    expect(sectionOf('/domains/7/dns')?.key).toBe('domains')
    expect(sectionOf('/domainsx')).toBeUndefined()
  })
})

vi.stubGlobal('requestAnimationFrame', (run: () => void) => setTimeout(run, 0))
