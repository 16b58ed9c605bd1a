import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import { AppMenu } from '.'

const items = [
  { key: 'edit', label: 'Edit' },
  { key: 'disable', label: 'Disable' },
  { key: 'delete', label: 'Delete', danger: true },
  { key: 'page', label: 'Page', to: '/page' },
]
const router = createRouter({
  history: createMemoryHistory(),
  routes: [{ path: '/:page?', component: { render: () => null } }],
})
let menu: ReturnType<typeof mountMenu>

function mountMenu() {
  return mount(AppMenu, {
    attachTo: document.body,
    global: { plugins: [router] },
    props: { label: 'Actions', items },
  })
}

async function open() {
  await menu.get('button').trigger('click')
  await vi.waitFor(() => expect(focused()).toBe('Edit'))
}

async function press(key: string, more: Record<string, unknown> = {}) {
  await menu.get('[role=menu]').trigger('keydown', { key, ...more })
  return focused()
}

const focused = () => document.activeElement?.textContent?.trim()
const isOpen = () => menu.get('button').attributes('aria-expanded') === 'true'

beforeEach(() => {
  menu = mountMenu()
})

afterEach(() => {
  menu.unmount()
  vi.useRealTimers()
})

describe('AppMenu', () => {
  it('says what its button does', async () => {
    const button = menu.get('button')
    expect(button.attributes()).toMatchObject({
      'aria-label': 'Actions',
      'aria-haspopup': 'menu',
      'aria-expanded': 'false',
    })
    await open()
    expect(isOpen()).toBe(true)
    expect(menu.get('[role=menu]').attributes('aria-label')).toBe('Actions')
    expect(
      menu.findAll('[role=menuitem]').every((one) => one.attributes('tabindex') === '-1'),
    ).toBe(true)
  })

  it('walks round by arrows, and to its ends', async () => {
    await open()
    expect(await press('ArrowUp')).toBe('Page')
    expect(await press('ArrowDown')).toBe('Edit')
    expect(await press('End')).toBe('Page')
    expect(await press('Home')).toBe('Edit')
  })

  it('opens at its end by the arrow up', async () => {
    await menu.get('button').trigger('keydown', { key: 'ArrowUp' })
    await vi.waitFor(() => expect(focused()).toBe('Page'))
  })

  it('finds an item by its first letters, and the next of the same letter', async () => {
    await open()
    vi.useFakeTimers()
    expect(await press('d')).toBe('Disable')
    vi.advanceTimersByTime(1000)
    expect(await press('d')).toBe('Delete')
    vi.advanceTimersByTime(1000)
    expect(await press('D')).toBe('Disable')
    expect(await press('e')).toBe('Delete')
    vi.advanceTimersByTime(1000)
    expect(await press('q')).toBe('Delete')
    expect(await press('e', { ctrlKey: true })).toBe('Delete')
  })

  it('closes by Tab and by its button, with the focus on the button', async () => {
    await open()
    await press('Tab')
    expect(isOpen()).toBe(false)
    expect(document.activeElement).toBe(menu.get('button').element)
    await open()
    await menu.get('button').trigger('click')
    expect(isOpen()).toBe(false)
  })

  it('tells the choice after it has closed', async () => {
    await open()
    await menu.findAll('[role=menuitem]')[2]?.trigger('click')
    expect(menu.emitted('select')).toEqual([['delete']])
    expect(isOpen()).toBe(false)
  })

  it('has links for what is elsewhere', async () => {
    await open()
    expect(menu.get('a[role=menuitem]').attributes('href')).toBe('/page')
  })

  it('closes by a press elsewhere, not by one inside', async () => {
    await open()
    await menu.get('[role=menuitem]').trigger('pointerdown')
    expect(isOpen()).toBe(true)
    document.body.dispatchEvent(new Event('pointerdown', { bubbles: true }))
    await menu.vm.$nextTick()
    expect(isOpen()).toBe(false)
  })

  it('closes when what it hangs on moves away', async () => {
    await open()
    menu.get('[role=menu]').element.dispatchEvent(new Event('scroll'))
    await menu.vm.$nextTick()
    expect(isOpen()).toBe(true)
    document.dispatchEvent(new Event('scroll'))
    await menu.vm.$nextTick()
    expect(isOpen()).toBe(false)
    await open()
    window.dispatchEvent(new Event('resize'))
    await menu.vm.$nextTick()
    expect(isOpen()).toBe(false)
  })
})
