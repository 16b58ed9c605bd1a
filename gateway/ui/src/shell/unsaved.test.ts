import { mount } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { answerLeaving, guardUnsaved, leaving, useUnsaved } from './unsaved'

function makeRouter() {
  const page = { render: () => null }
  return createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/:any(.*)*', component: page }],
  })
}

describe('leaving', () => {
  it('asks where something is not saved', async () => {
    const router = makeRouter()
    guardUnsaved(router)
    await router.push('/a')
    const page = mount(defineComponent({ setup: () => (useUnsaved(() => true), () => h('i')) }))
    const stay = router.push('/b')
    await vi.waitFor(() => expect(leaving.open).toBe(true))
    answerLeaving(false)
    await stay
    expect(router.currentRoute.value.path).toBe('/a')
    await router.push('/a?x=1')
    expect(leaving.open).toBe(false)
    const go = router.push('/b')
    await vi.waitFor(() => expect(leaving.open).toBe(true))
    answerLeaving(true)
    await go
    expect(router.currentRoute.value.path).toBe('/b')
    page.unmount()
  })
})
