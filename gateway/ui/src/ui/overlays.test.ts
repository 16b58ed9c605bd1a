import { mount } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { AppButton, AppDrawer, AppMenu, ConfirmDialog, ErrorSummary, FilterBar, useToasts } from '.'
import { csv } from './csv'
import { diff } from './diff'
import { validate } from './schema'

afterEach(() => vi.useRealTimers())

describe('windows and menus', () => {
  it('asks before a drawer with changes closes', async () => {
    const drawer = mount(AppDrawer, {
      attachTo: document.body,
      props: { open: true, title: 'ann', dirty: true },
    })
    await drawer.get('dialog').trigger('cancel')
    expect(drawer.emitted('close')).toBeUndefined()
    const discard = drawer.findAll('button').find((one) => one.text() === 'Discard changes')
    await drawer.getComponent(ConfirmDialog).vm.$emit('confirm')
    expect(discard).toBeDefined()
    expect(drawer.emitted('close')).toHaveLength(1)
    drawer.unmount()
  })

  it('wants the word typed first', async () => {
    const dialog = mount(ConfirmDialog, {
      attachTo: document.body,
      props: { open: true, title: 'T', confirmLabel: 'Delete', typed: 'x.org' },
    })
    await dialog.get('form').trigger('submit')
    expect(dialog.emitted('confirm')).toBeUndefined()
    await dialog.get('input').setValue('X.org')
    await dialog.get('form').trigger('submit')
    expect(dialog.emitted('confirm')).toHaveLength(1)
    dialog.unmount()
  })

  it('opens a menu by keyboard, walks, and gives the focus back', async () => {
    const items = [
      { key: 'a', label: 'Add' },
      { key: 'b', label: 'Bin', disabled: true, disabledReason: 'no' },
    ]
    const menu = mount(AppMenu, { attachTo: document.body, props: { label: 'Actions', items } })
    const trigger = menu.get('button')
    await trigger.trigger('keydown', { key: 'ArrowDown' })
    await vi.waitFor(() => expect(document.activeElement?.textContent).toContain('Add'))
    await menu.get('[role=menu]').trigger('keydown', { key: 'ArrowDown' })
    expect(document.activeElement?.textContent).toContain('Bin')
    await menu.get('[aria-disabled]').trigger('click')
    expect(menu.emitted('select')).toBeUndefined()
    await menu.get('[role=menu]').trigger('keydown', { key: 'Escape' })
    expect(document.activeElement).toBe(trigger.element)
    menu.unmount()
  })

  it('ignores clicks on a busy or explained button', async () => {
    const button = mount(AppButton, { props: { busy: true }, slots: { default: 'Save' } })
    await button.get('button').trigger('click')
    await button.setProps({ busy: false, disabled: true, disabledReason: 'Limit reached' })
    await button.get('button').trigger('click')
    expect(button.emitted('click')).toBeUndefined()
    expect(button.text()).toContain('Limit reached')
  })

  it('takes the focus to the errors', async () => {
    const summary = mount(ErrorSummary, {
      attachTo: document.body,
      props: { errors: [{ id: 'x', label: 'Name', message: 'Taken' }] },
    })
    await vi.waitFor(() => expect(document.activeElement).toBe(summary.element))
    summary.unmount()
  })

  it('tells the search after a rest', async () => {
    vi.useFakeTimers()
    const bar = mount(FilterBar, { props: { search: '', chips: [], placeholder: 'Search' } })
    await bar.get('input').setValue('ann')
    expect(bar.emitted('update:search')).toBeUndefined()
    vi.advanceTimersByTime(200)
    expect(bar.emitted('update:search')).toEqual([['ann']])
  })

  it('takes toasts away in time, not while the reader is at them', () => {
    vi.useFakeTimers()
    const { show, items, pause, resume } = useToasts()
    show({ tone: 'ok', text: 'Saved' })
    pause()
    vi.advanceTimersByTime(60_000)
    expect(items).toHaveLength(1)
    resume()
    vi.advanceTimersByTime(5_000)
    expect(items).toHaveLength(0)
  })
})

describe('rules', () => {
  it('marks what differs, character by character', () => {
    expect(diff('~all', '-all')).toEqual([
      { kind: 'removed', text: '~' },
      { kind: 'added', text: '-' },
      { kind: 'same', text: 'all' },
    ])
  })

  it('writes cells that no spreadsheet runs', () => {
    expect(csv([['=1+1', 'a"b']])).toBe(`'=1+1,"a""b"\r\n`)
  })

  it('finds what a schema forbids', () => {
    const schema = {
      required: ['a'],
      properties: { a: { type: 'string' }, n: { type: 'integer', maximum: 3 } },
    }
    expect(validate(schema, { n: 4 }).map(({ key, message }) => `${key} ${message}`)).toEqual([
      'a required',
      'n max',
    ])
  })
})
