import { mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { BulkBar, ColumnMenu, FilterBar, Pager } from '.'

describe('Pager', () => {
  const props = { total: 1234, shown: 25, pageSize: 25, hasPrevious: false, hasNext: true }

  it('says how much of how much is shown', async () => {
    const pager = mount(Pager, { props })
    expect(pager.get('[role=status]').text()).toBe('25 of 1,234')
    await pager.setProps({ total: null })
    expect(pager.get('[role=status]').text()).toBe('25 shown')
    expect(pager.classes('waiting')).toBe(false)
    await pager.setProps({ shown: 0 })
    expect(pager.classes('waiting')).toBe(true)
  })

  it('is a named navigation, by a name of its own where there are two', async () => {
    const pager = mount(Pager, { props })
    expect(pager.attributes('aria-label')).toBe('Pages')
    await pager.setProps({ label: 'Pages of aliases' })
    expect(pager.attributes('aria-label')).toBe('Pages of aliases')
  })

  it('goes only where there is something', async () => {
    const pager = mount(Pager, { props })
    const [previous, next] = pager.findAll('button')
    expect(previous?.attributes('disabled')).toBeDefined()
    await next?.trigger('click')
    await pager.setProps({ hasPrevious: true, hasNext: false })
    await previous?.trigger('click')
    expect(next?.attributes('disabled')).toBeDefined()
    expect(Object.keys(pager.emitted())).toEqual(expect.arrayContaining(['next', 'previous']))
  })

  it('offers the sizes in order, the present one among them', async () => {
    const pager = mount(Pager, { props: { ...props, pageSize: 30, sizes: [50, 10] } })
    const select = pager.get('select')
    expect(pager.get(`label[for="${select.attributes('id')}"]`).text()).toBe('Rows per page')
    expect(pager.findAll('option').map((option) => option.text())).toEqual(['10', '30', '50'])
    await select.setValue('50')
    expect(pager.emitted('pageSize')).toEqual([[50]])
  })
})

describe('BulkBar', () => {
  const props = { count: 2, total: 1200, allSelected: false, canSelectAll: true }

  it('counts, offers the rest and clears', async () => {
    const bar = mount(BulkBar, { props, slots: { actions: '<button>Delete</button>' } })
    expect(bar.attributes('aria-label')).toBe('Selected rows')
    expect(bar.get('[role=status]').text()).toBe('2 selected')
    const all = bar.findAll('button').find((one) => one.text() === 'Select all 1,200 that match')
    await all?.trigger('click')
    await bar.get('[aria-label="Clear the selection"]').trigger('click')
    expect(bar.emitted('select-all')).toHaveLength(1)
    expect(bar.emitted('clear')).toHaveLength(1)
    expect(bar.get('.actions').text()).toBe('Delete')
  })

  it('offers no more when all are selected or that is not possible', async () => {
    const bar = mount(BulkBar, { props: { ...props, allSelected: true } })
    expect(bar.get('[role=status]').text()).toBe('All 1,200 selected')
    expect(bar.text()).not.toContain('that match')
    await bar.setProps({ allSelected: false, canSelectAll: false })
    expect(bar.text()).not.toContain('that match')
  })

  it('names no number that nobody knows', async () => {
    const bar = mount(BulkBar, { props: { ...props, total: null } })
    expect(bar.text()).toContain('Select all that match')
    await bar.setProps({ allSelected: true })
    expect(bar.get('[role=status]').text()).toBe('All that match are selected')
  })
})

describe('FilterBar', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  function bar(more: Record<string, unknown> = {}) {
    const shown = mount(FilterBar, {
      attachTo: document.body,
      props: { search: '', chips: [], placeholder: 'Find an alias', ...more },
    })
    return { shown, input: shown.get('input'), told: () => shown.emitted('update:search') }
  }

  it('is a search whose input has a name', () => {
    const { shown, input } = bar()
    expect(shown.attributes('role')).toBe('search')
    expect(input.attributes('aria-label')).toBe('Find an alias')
    shown.unmount()
  })

  it('tells once after a rest, at once by Enter, and nothing twice', async () => {
    const { shown, input, told } = bar()
    await input.setValue('a')
    vi.advanceTimersByTime(150)
    await input.setValue('an')
    vi.advanceTimersByTime(150)
    expect(told()).toBeUndefined()
    await input.trigger('keydown', { key: 'Enter' })
    vi.advanceTimersByTime(500)
    await input.trigger('keydown', { key: 'Enter' })
    expect(told()).toEqual([['an']])
    shown.unmount()
  })

  it('is cleared by Escape at once; empty, it lets Escape through', async () => {
    const { shown, input, told } = bar({ search: 'ann' })
    const heard = vi.fn()
    document.body.addEventListener('keydown', heard)
    await input.trigger('keydown', { key: 'Escape' })
    expect(input.element.value).toBe('')
    expect(told()).toEqual([['']])
    expect(heard).not.toHaveBeenCalled()
    await input.trigger('keydown', { key: 'Escape' })
    expect(heard).toHaveBeenCalledOnce()
    document.body.removeEventListener('keydown', heard)
    shown.unmount()
  })

  it('follows a search from elsewhere, but not the echo of its own', async () => {
    const { shown, input } = bar()
    await input.setValue('an')
    vi.advanceTimersByTime(200)
    await input.setValue('ann')
    await shown.setProps({ search: 'an' })
    expect(input.element.value).toBe('ann')
    await shown.setProps({ search: 'bob' })
    expect(input.element.value).toBe('bob')
    shown.unmount()
  })

  it('lists the filters, each a button that takes it away', async () => {
    const { shown } = bar({ chips: [{ key: 'type', label: 'Type: alias' }] })
    expect(shown.get('ul').attributes('aria-label')).toBe('Active filters')
    const chip = shown.get('ul button')
    expect(chip.text()).toMatch(/^Remove filter:\s+Type: alias$/)
    await chip.trigger('click')
    expect(shown.emitted('remove')).toEqual([['type']])
    shown.unmount()
  })

  it('tells nothing when it is gone', async () => {
    const { shown, input, told } = bar()
    await input.setValue('a')
    shown.unmount()
    vi.advanceTimersByTime(500)
    expect(told()).toBeUndefined()
  })
})

describe('ColumnMenu', () => {
  const columns = [
    { key: 'name', label: 'Name' },
    { key: 'size', label: 'Size', hideable: true },
    { key: 'date', label: 'Date', hideable: true },
  ]

  it('ticks what is shown and hides and shows by choice, and stays open', async () => {
    const menu = mount(ColumnMenu, {
      attachTo: document.body,
      props: { columns, hidden: ['date'] },
    })
    await menu.get('button').trigger('click')
    const items = () => menu.findAll('[role=menuitemcheckbox]')
    expect(items().map((one) => [one.text(), one.attributes('aria-checked')])).toEqual([
      ['Size', 'true'],
      ['Date', 'false'],
    ])
    await items()[0]?.trigger('click')
    await items()[1]?.trigger('click')
    expect(menu.emitted('update:hidden')).toEqual([[['date', 'size']], [[]]])
    expect(items()).toHaveLength(2)
    menu.unmount()
  })
})
