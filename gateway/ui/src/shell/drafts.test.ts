import { mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h, nextTick, reactive } from 'vue'
import { changes } from '@/lib/conflict'
import DraftNotice from './draft-notice.vue'
import type { DraftSchema } from './draft-store'
import { useDraft, watchDrafts } from './drafts'
import { useSession } from './session'
import { easeReload, useUnsaved } from './unsaved'

interface Form {
  name: string
  size: number | null
  on: boolean
  to: string[]
  password: string
}

const SCHEMA: DraftSchema<Form> = {
  name: 'text',
  size: 'number',
  on: 'flag',
  to: 'texts',
  password: 'secret',
}
const EMPTY: Form = { name: '', size: null, on: false, to: [], password: '' }

const session = useSession()
const logIn = (pk: number) =>
  session.replaceAccount({ pk, username: 'x', role: 'SuperAdmins' } as never)
const all = () => JSON.stringify({ ...sessionStorage })

beforeEach(() => {
  sessionStorage.clear()
  logIn(1)
})

/* A form as the pages have them: `pk` is the open object, 0 none. */
function open(pk = 1) {
  const state = reactive({ pk, form: { ...EMPTY } })
  const typed = () => changes(EMPTY, state.form, Object.keys(EMPTY) as (keyof Form)[])
  const page = mount(
    defineComponent({
      setup() {
        const draft = useDraft<Form>({
          schema: SCHEMA,
          name: () => (state.pk ? `f/${state.pk}` : null),
          typed,
          restore: ({ fields }) => Object.assign(state.form, fields),
          discard: () => Object.assign(state.form, EMPTY),
        })
        useUnsaved(() => Object.keys(typed()).length > 0, draft.isKept)
        return () => h('main', [h(DraftNotice, { draft }), h('input')])
      },
    }),
    { attachTo: document.body },
  )
  return { state, page }
}

/* A reload: the old page goes without a word to its components. */
async function reloadAs(pk: number, before: ReturnType<typeof open>) {
  const kept = { ...sessionStorage }
  before.page.unmount()
  Object.entries(kept).forEach(([key, value]) => sessionStorage.setItem(key, String(value)))
  const after = open(pk)
  await nextTick()
  return after
}

describe('a form', () => {
  it('has its input again after a reload, and says so', async () => {
    const before = open()
    Object.assign(before.state.form, { name: 'typed', password: 'hunter2' })
    await nextTick()
    expect(all()).not.toContain('hunter2')
    const { state, page } = await reloadAs(1, before)
    expect(state.form).toEqual({ ...EMPTY, name: 'typed' })
    expect(page.text()).toContain('Your unsaved input was restored')
    expect(page.text()).toContain('Passwords are not kept')
    expect(page.get('[role=status]')).toBeTruthy()
    page.unmount()
  })

  it('lets go of it with one press, and leads to its first field', async () => {
    const before = open()
    before.state.form.name = 'typed'
    await nextTick()
    const { state, page } = await reloadAs(1, before)
    await page.get('button').trigger('click')
    await nextTick()
    expect(state.form.name).toBe('')
    expect(page.find('[role=status]').exists()).toBe(false)
    expect(document.activeElement).toBe(page.get('input').element)
    expect(sessionStorage).toHaveLength(0)
    page.unmount()
  })

  it('of another object has none of it', async () => {
    const before = open(1)
    before.state.form.name = 'typed'
    await nextTick()
    const { state, page } = await reloadAs(2, before)
    expect(state.form.name).toBe('')
    page.unmount()
  })

  it('keeps nothing once it is saved, closed or left', async () => {
    const { state, page } = open()
    state.form.name = 'typed'
    await nextTick()
    expect(all()).toContain('typed')
    state.form.name = ''
    await nextTick()
    expect(sessionStorage).toHaveLength(0)
    state.form.name = 'again'
    await nextTick()
    state.pk = 0
    await nextTick()
    expect(sessionStorage).toHaveLength(0)
    state.pk = 1
    await nextTick()
    page.unmount()
    expect(sessionStorage).toHaveLength(0)
  })

  it('keeps nothing for somebody else, nor after a logout', async () => {
    const before = open()
    before.state.form.name = 'typed'
    await nextTick()
    const frame = mount(defineComponent({ setup: () => (watchDrafts(), () => h('i')) }))
    expect(all()).toContain('typed')
    logIn(2)
    await nextTick()
    expect(sessionStorage).toHaveLength(0)
    before.state.form.name = 'more'
    await nextTick()
    expect(all()).toContain('more')
    vi.stubGlobal('fetch', async () => new Response(null, { status: 204 }))
    await session.logout()
    expect(sessionStorage).toHaveLength(0)
    before.state.form.name = 'after'
    await nextTick()
    expect(sessionStorage).toHaveLength(0)
    vi.unstubAllGlobals()
    frame.unmount()
    before.page.unmount()
  })

  it('makes the browser warn of a reload only where something would be lost', async () => {
    const warns = () => !window.dispatchEvent(new Event('beforeunload', { cancelable: true }))
    const { state, page } = open()
    state.form.name = 'typed'
    await nextTick()
    expect(warns()).toBe(true)
    easeReload()
    expect(warns()).toBe(false)
    state.form.name = ''
    await nextTick()
    Object.assign(state.form, { name: 'typed', password: 'hunter2' })
    await nextTick()
    easeReload()
    expect(warns()).toBe(true)
    page.unmount()
  })
})
