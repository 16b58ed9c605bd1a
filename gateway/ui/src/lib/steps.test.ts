import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import { AppPage } from '@/ui'
import { InSteps } from '@/ui/in-steps'
import { drawInSteps, endSteps, turn, useStep } from './steps'

const Steps = defineComponent({
  setup() {
    const second = useStep()
    const third = useStep(2)
    return () => h('p', `1${second.value ? '2' : ''}${third.value ? '3' : ''}`)
  },
})

/* One task: what was due when it began. */
const task = () => vi.advanceTimersToNextTimerAsync()

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  endSteps()
  vi.useRealTimers()
})

describe('drawing in steps', () => {
  it('draws all at once where nobody has asked for steps', () => {
    expect(mount(Steps).text()).toBe('123')
  })

  it('draws what is in a slot one after the other', async () => {
    const three = { slots: { default: () => ['1', '2', '3'].map((text) => h('i', text)) } }
    expect(mount(InSteps, three).text()).toBe('123')
    drawInSteps()
    const shown = mount(InSteps, three)
    expect(shown.text()).toBe('1')
    for (const text of ['12', '123']) {
      vi.advanceTimersToNextTimer()
      await flushPromises()
      expect(shown.text()).toBe(text)
    }
  })

  it('draws each step in a task of its own', async () => {
    drawInSteps()
    const shown = mount(Steps)
    expect(shown.text()).toBe('1')
    await task()
    expect(shown.text()).toBe('12')
    await task()
    expect(shown.text()).toBe('123')
  })

  it('draws all at once in a tab that is not seen', () => {
    vi.spyOn(document, 'hidden', 'get').mockReturnValue(true)
    drawInSteps()
    expect(mount(Steps).text()).toBe('123')
  })

  it('ends a task only as long as there are steps', async () => {
    await turn()
    drawInSteps()
    let isOver = false
    void turn().then(() => (isOver = true))
    await Promise.resolve()
    expect(isOver).toBe(false)
    await task()
    expect(isOver).toBe(true)
  })

  it('ends with the first page, whose head comes before its content', async () => {
    drawInSteps()
    const page = mount(AppPage, { props: { title: 'Domains' }, slots: { default: 'content' } })
    expect(page.text()).toBe('Domains')
    expect(page.attributes('aria-busy')).toBe('true')
    await task()
    expect(page.text()).toBe('Domainscontent')
    await vi.runAllTimersAsync()
    expect(page.attributes('aria-busy')).toBeUndefined()
    expect(mount(Steps).text()).toBe('123')
  })
})
