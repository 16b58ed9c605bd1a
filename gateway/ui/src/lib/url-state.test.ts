import { flushPromises, mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { defineComponent, h } from 'vue'
import { createMemoryHistory, createRouter, RouterView } from 'vue-router'
import { useUrlState } from './url-state'

const defaults = {
  search: '',
  ordering: 'name',
  n: 25,
  on: false,
  tags: [] as string[],
  drawer: null,
}

async function page(path: string) {
  let state: ReturnType<typeof useUrlState<typeof defaults>> | undefined
  const Page = defineComponent({
    setup() {
      state = useUrlState(defaults)
      return () => h('p')
    },
  })
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/page/:tab?', component: Page },
      { path: '/other', component: { render: () => null } },
    ],
  })
  await router.push(path)
  mount(defineComponent({ render: () => h(RouterView) }), { global: { plugins: [router] } })
  await flushPromises()
  return { state: state!, router }
}

describe('useUrlState', () => {
  it('reads each kind of value', async () => {
    const { state } = await page('/page?search=ab&n=50&on=1&tags=x&tags=y&drawer=7')
    expect(state).toEqual({
      search: 'ab',
      ordering: 'name',
      n: 50,
      on: true,
      tags: ['x', 'y'],
      drawer: '7',
    })
  })

  it('takes the default for what is not a number', async () => {
    expect((await page('/page?n=many')).state.n).toBe(25)
  })

  it('writes changes, leaves out defaults and keeps what is not its own', async () => {
    const { state, router } = await page('/page?foreign=1&n=50#part')
    state.n = 25
    state.search = 'x'
    state.on = true
    state.tags = ['a', 'b']
    await flushPromises()
    expect(router.currentRoute.value.fullPath).toBe(
      '/page?foreign=1&search=x&on=1&tags=a&tags=b#part',
    )
  })

  it('makes one entry of the history of what changes together, and none of typing', async () => {
    const { state, router } = await page('/page')
    state.ordering = '-name'
    state.n = 50
    await flushPromises()
    state.search = 'a'
    await flushPromises()
    state.search = 'ab'
    await flushPromises()
    router.back()
    await flushPromises()
    expect(router.currentRoute.value.fullPath).toBe('/page')
    expect(state).toMatchObject({ ordering: 'name', n: 25, search: '' })
  })

  it('loses no keystroke while a navigation is under way', async () => {
    const { state, router } = await page('/page')
    router.beforeResolve(() => new Promise((resolve) => setTimeout(resolve, 5)))
    for (const text of ['a', 'ab', 'abc']) {
      state.search = text
      await new Promise((resolve) => setTimeout(resolve, 2))
      expect(state.search).toBe(text)
    }
    await new Promise((resolve) => setTimeout(resolve, 40))
    expect(router.currentRoute.value.query.search).toBe('abc')
    expect(state.search).toBe('abc')
  })

  it('stays as it is across tabs, and leaves other pages alone', async () => {
    const { state, router } = await page('/page?search=a')
    await router.push('/page/dns?search=a')
    expect(state.search).toBe('a')
    await router.push('/other')
    state.search = 'b'
    await flushPromises()
    expect(router.currentRoute.value.fullPath).toBe('/other')
  })
})
