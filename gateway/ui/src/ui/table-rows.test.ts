import { mount } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import { DataTable } from '.'

interface Row {
  pk: string
  name: string
}

const rows: Row[] = ['a', 'b', 'c'].map((pk) => ({ pk, name: `row ${pk}` }))

const router = createRouter({
  history: createMemoryHistory(),
  routes: [{ path: '/:pk?', component: { render: () => null } }],
})

function press(key: string, more: KeyboardEventInit = {}) {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more })
  ;(document.activeElement ?? document.body).dispatchEvent(event)
  return event
}

const focused = () => document.activeElement?.textContent ?? ''

function table(more: Record<string, unknown> = {}, slots: Record<string, string> = {}) {
  return mount(DataTable<Row>, {
    attachTo: document.body,
    global: { plugins: [router] },
    slots,
    props: {
      columns: [{ key: 'name', label: 'Name', sortable: true }],
      rows,
      rowKey: (row: Row) => row.pk,
      rowLabel: (row: Row) => row.name,
      selectable: true,
      ...more,
    },
  })
}

describe('the rows of a DataTable', () => {
  it('follows plain links of its cells, and leaves the others to the browser', async () => {
    const push = vi.spyOn(router, 'push').mockResolvedValue(undefined)
    const shown = table({}, { 'cell-name': '<a href="/b?x=1">b</a>' })
    await shown.get('tbody a').trigger('click', { ctrlKey: true })
    expect(push).not.toHaveBeenCalled()
    await shown.get('tbody a').trigger('click')
    expect(push).toHaveBeenCalledWith('/b?x=1')
    expect(shown.emitted('open')).toBeUndefined()
    shown.unmount()
  })

  it('has one menu for all rows', async () => {
    const shown = table({
      menu: (row: Row) => [{ key: 'go', label: `Go to ${row.pk}` }],
      menuLabel: (row: Row) => `Actions for ${row.name}`,
    })
    const buttons = shown.findAll('.row-menu')
    expect(buttons.map((one) => one.attributes('aria-label'))[1]).toBe('Actions for row b')
    await buttons[0]?.trigger('click')
    await buttons[1]?.trigger('click')
    expect(shown.findAll('[role=menu]')).toHaveLength(1)
    expect(shown.get('[role=menu]').attributes('aria-label')).toBe('Actions for row b')
    expect(buttons.map((one) => one.attributes('aria-expanded'))).toEqual([
      'false',
      'true',
      'false',
    ])
    await shown.get('[role=menuitem]').trigger('click')
    expect(shown.emitted('menu')).toEqual([[rows[1], 'go']])
    expect(shown.find('[role=menu]').exists()).toBe(false)
    expect(document.activeElement).toBe(buttons[1]?.element)
    await buttons[2]?.trigger('keydown', { key: 'ArrowDown' })
    await vi.waitFor(() => expect(focused()).toContain('Go to c'))
    press('Escape')
    expect(document.activeElement).toBe(buttons[2]?.element)
    shown.unmount()
  })

  it('tells what a button of a menu is for, for the one that is pointed at', async () => {
    vi.useFakeTimers()
    const shown = table({ menu: () => [], menuLabel: (row: Row) => `Actions for ${row.name}` })
    await shown.findAll('.row-menu')[0]?.trigger('pointerover')
    await shown.findAll('.row-menu')[2]?.trigger('pointerover')
    await vi.advanceTimersByTimeAsync(400)
    expect(shown.get('.tip').text()).toBe('Actions for row c')
    vi.useRealTimers()
    shown.unmount()
  })

  it('draws a screenful of cards first, one by one, and the others in pauses', async () => {
    vi.useFakeTimers()
    const pauses: IdleRequestCallback[] = []
    vi.stubGlobal('requestIdleCallback', (run: IdleRequestCallback) => pauses.push(run))
    vi.stubGlobal('cancelIdleCallback', () => undefined)
    vi.stubGlobal('matchMedia', () => ({ matches: true }))
    vi.stubGlobal('innerHeight', 450)
    const shown = table({ rows: [] })
    await shown.setProps({ rows })
    const n_drawn = () => shown.findAll('tr[data-row]').length
    const isHidden = () => shown.get('tbody:last-child').attributes('hidden') !== undefined
    expect([n_drawn(), isHidden()]).toEqual([1, true])
    expect(shown.find('.placeholder').exists()).toBe(true)
    await vi.advanceTimersToNextTimerAsync()
    expect([n_drawn(), isHidden()]).toEqual([2, false])
    expect(shown.find('.placeholder').exists()).toBe(false)
    expect(shown.get('table').attributes('aria-rowcount')).toBe('4')
    expect(shown.get('.data-table').attributes('aria-busy')).toBe('true')
    pauses.shift()?.({ didTimeout: false, timeRemaining: () => 1 })
    await shown.vm.$nextTick()
    expect(n_drawn()).toBe(3)
    expect(shown.get('table').attributes('aria-rowcount')).toBeUndefined()
    expect(pauses).toHaveLength(0)
    shown.unmount()
    vi.unstubAllGlobals()
    vi.useRealTimers()
  })
})
