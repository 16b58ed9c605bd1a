import { mount } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
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

afterEach(() => {
  delete document.documentElement.dataset.shortcuts
  document.querySelectorAll('body > input').forEach((one) => one.remove())
})

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

describe('DataTable', () => {
  it('says and changes the order', async () => {
    const shown = table({ ordering: 'name' })
    expect(shown.get('[aria-sort]').attributes('aria-sort')).toBe('ascending')
    await shown.get('.sort').trigger('click')
    expect(shown.emitted('update:ordering')).toEqual([['-name']])
    shown.unmount()
  })

  it('selects a row, a range and the page', async () => {
    const shown = table()
    const boxes = shown.findAll('tbody input')
    await boxes[0]?.trigger('click')
    await boxes[2]?.trigger('click', { shiftKey: true })
    expect(shown.emitted('update:selected')?.[1]?.[0]).toEqual(new Set(['a', 'b', 'c']))
    await shown.get('thead input').trigger('change')
    expect(shown.emitted('update:selected')?.[2]?.[0]).toEqual(new Set(['a', 'b', 'c']))
    shown.unmount()
  })

  it('is walked, selected and opened by keys', async () => {
    const shown = table()
    press('j')
    press('j')
    press('x')
    press('Enter')
    expect(shown.emitted('update:selected')?.[0]?.[0]).toEqual(new Set(['b']))
    expect(shown.emitted('open')).toEqual([[rows[1]]])
    shown.unmount()
  })

  it('keeps room while it loads and says when there is nothing', async () => {
    const shown = table({ rows: [], loading: true, placeholders: 4 })
    expect(shown.findAll('.placeholder')).toHaveLength(4)
    await shown.setProps({ loading: false })
    expect(shown.text()).toContain('Nothing here.')
    shown.unmount()
  })

  it('goes no further than its ends, by letters and arrows', () => {
    const shown = table()
    press('k')
    expect(focused()).toContain('row a')
    press('k')
    expect(focused()).toContain('row a')
    ;['ArrowDown', 'ArrowDown', 'ArrowDown'].forEach((key) => press(key))
    expect(focused()).toContain('row c')
    press('j')
    expect(focused()).toContain('row c')
    press('ArrowUp')
    expect(focused()).toContain('row b')
    shown.unmount()
  })

  it('has no single keys when they are switched off, but Enter', () => {
    const shown = table()
    press('j')
    document.documentElement.dataset.shortcuts = 'off'
    expect(press('x').defaultPrevented).toBe(false)
    press('Enter')
    expect(shown.emitted('update:selected')).toBeUndefined()
    expect(shown.emitted('open')).toHaveLength(1)
    shown.unmount()
  })

  it('leaves keys to who types, to the browser and to a dialog above', () => {
    const shown = table()
    const input = document.body.appendChild(document.createElement('input'))
    input.focus()
    expect(press('j').defaultPrevented).toBe(false)
    input.blur()
    for (const more of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }]) {
      expect(press('j', more).defaultPrevented).toBe(false)
    }
    const dialog = document.createElement('dialog')
    vi.spyOn(document, 'querySelector').mockReturnValue(dialog)
    expect(press('j').defaultPrevented).toBe(false)
    shown.unmount()
  })

  it('selects nothing where nothing can be selected', () => {
    const shown = table({ selectable: false })
    expect(press('x').defaultPrevented).toBe(false)
    press('j')
    press('x')
    expect(shown.emitted('update:selected')).toBeUndefined()
    expect(shown.find('input').exists()).toBe(false)
    shown.unmount()
  })

  it('takes rows out by range as well, and never counts from a row of another page', async () => {
    const shown = table({ selected: new Set(['a', 'b', 'c']) })
    const click = (index: number) =>
      shown.findAll('tbody input')[index]?.trigger('click', { shiftKey: true })
    await click(0)
    await click(1)
    expect(shown.emitted('update:selected')?.at(-1)?.[0]).toEqual(new Set(['c']))
    const next = ['d', 'e', 'f'].map((pk) => ({ pk, name: pk }))
    await shown.setProps({ rows: next, selected: new Set() })
    await click(2)
    expect(shown.emitted('update:selected')?.at(-1)?.[0]).toEqual(new Set(['f']))
    shown.unmount()
  })

  it('says by the box above whether all, some or none of the page is selected', async () => {
    const shown = table({ selected: new Set(['a', 'z']) })
    const box = shown.get<HTMLInputElement>('thead input')
    expect(box.attributes('aria-label')).toBe('Select all rows of this page')
    expect([box.element.checked, box.element.indeterminate]).toEqual([false, true])
    await shown.setProps({ selected: new Set(['a', 'b', 'c', 'z']) })
    expect([box.element.checked, box.element.indeterminate]).toEqual([true, false])
    await box.trigger('change')
    expect(shown.emitted('update:selected')?.[0]?.[0]).toEqual(new Set(['z']))
    expect(shown.get('tbody input').attributes('aria-label')).toBe('Select row a')
    shown.unmount()
  })

  it('sorts what was sorted otherwise upwards first', async () => {
    const shown = table({ ordering: '-name' })
    expect(shown.get('[aria-sort]').attributes('aria-sort')).toBe('descending')
    await shown.get('.sort').trigger('click')
    await shown.setProps({ ordering: 'other' })
    expect(shown.get('[aria-sort]').attributes('aria-sort')).toBe('none')
    await shown.get('.sort').trigger('click')
    expect(shown.emitted('update:ordering')).toEqual([['name'], ['name']])
    shown.unmount()
  })

  it('opens a row by a click on it, not on what has an action of its own', async () => {
    const shown = table({}, { 'cell-name': '<label>{{ params.row.name }}</label><i>more</i>' })
    await shown.get('tbody i').trigger('click')
    await shown.get('tbody input').trigger('click')
    await shown.get('tbody td label').trigger('click')
    expect(shown.emitted('open')).toEqual([[rows[0]]])
    vi.spyOn(window, 'getSelection').mockReturnValue({ toString: () => 'row' } as Selection)
    await shown.get('tbody i').trigger('click')
    expect(shown.emitted('open')).toHaveLength(1)
    shown.unmount()
  })

  it('links its first column where rows have a page, and names the column of actions', () => {
    const columns = [
      { key: 'name', label: 'Name', width: 'm' },
      { key: 'n', label: 'N', align: 'end' },
      { key: 'gone', label: 'Gone' },
    ]
    const shown = table(
      { columns, hidden: ['gone'], rowTo: (row: Row) => `/${row.pk}` },
      { 'row-menu': '<button>…</button>' },
    )
    expect(shown.get('tbody a').attributes('href')).toBe('/a')
    expect(shown.findAll('th').map((th) => th.text())).toEqual(['', 'Name', 'N', 'Actions'])
    expect(shown.findAll('tbody td')[2]?.get('.value').text()).toBe('')
    shown.unmount()
  })

  it('opens by the button in its first column', async () => {
    const shown = table()
    await shown.get('tbody .opener').trigger('click')
    expect(shown.emitted('open')).toEqual([[rows[0]]])
    shown.unmount()
  })
})
