import { mount, type VueWrapper } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { AppDialog, AppDrawer, ConfirmDialog } from '.'

let shown: VueWrapper | undefined

afterEach(() => shown?.unmount())

function dialog(more: Record<string, unknown> = {}, slots: Record<string, string> = {}) {
  const one = mount(AppDialog, {
    attachTo: document.body,
    props: { open: true, title: 'New alias', ...more },
    slots,
  })
  shown = one
  return one
}

function drawer(more: Record<string, unknown> = {}) {
  const one = mount(AppDrawer, {
    attachTo: document.body,
    props: { open: true, title: 'ann@x.org', ...more },
    slots: { default: '<input class="inner" />', footer: 'Save', header: 'Enabled' },
  })
  shown = one
  return one
}

async function clickOn(target: { trigger: (name: string) => Promise<void> }) {
  await target.trigger('pointerdown')
  await target.trigger('click')
}

describe('AppDialog', () => {
  it('is named by its title, which has the focus', () => {
    const one = dialog({ role: 'alertdialog' }, { default: 'Text', footer: 'OK' })
    const element = one.get('dialog')
    const title = one.get(`[id="${element.attributes('aria-labelledby')}"]`)
    expect(title.text()).toBe('New alias')
    expect(element.attributes('role')).toBe('alertdialog')
    expect(document.activeElement).toBe(title.element)
    expect(one.get('footer').text()).toBe('OK')
  })

  it('leaves the focus to what asks for it', () => {
    dialog({}, { default: '<input autofocus />' })
    expect(document.activeElement?.hasAttribute('data-title')).toBe(false)
  })

  it('opens and closes as it is told, and holds nothing while it is closed', async () => {
    const one = dialog({ open: false }, { default: 'Text' })
    expect(one.element.open).toBe(false)
    expect(one.text()).toBe('')
    await one.setProps({ open: true })
    expect(one.element.open).toBe(true)
    await one.setProps({ open: false })
    expect(one.element.open).toBe(false)
    expect(one.emitted('close')).toBeUndefined()
  })

  it('asks to be closed by its button, by Escape and by a click beside it', async () => {
    const one = dialog()
    await one.get('[aria-label=Close]').trigger('click')
    await one.trigger('cancel')
    await clickOn(one)
    expect(one.emitted('close')).toHaveLength(3)
    expect(one.element.open).toBe(true)
  })

  it('does not take a press that began inside for a click beside it', async () => {
    const one = dialog({}, { default: '<p class="text">Text</p>' })
    await one.get('.text').trigger('pointerdown')
    await one.trigger('click')
    expect(one.emitted('close')).toBeUndefined()
    await one.trigger('pointerdown')
    await one.get('.text').trigger('click')
    await one.trigger('click')
    expect(one.emitted('close')).toBeUndefined()
  })

  it('is open again when the browser closed it and nobody agreed', async () => {
    const one = dialog()
    one.element.close()
    expect(one.emitted('close')).toHaveLength(1)
    expect(one.element.open).toBe(true)
  })

  it('is closed when it goes, so that the page behind is free', () => {
    const one = dialog()
    const close = vi.spyOn(one.element, 'close')
    one.unmount()
    expect(close).toHaveBeenCalledOnce()
    shown = undefined
  })
})

describe('AppDrawer', () => {
  const asking = (one: ReturnType<typeof drawer>) => one.getComponent(ConfirmDialog).props('open')
  const press = (one: ReturnType<typeof drawer>, text: string) =>
    one
      .findAll('button')
      .find((button) => button.text() === text)
      ?.trigger('click')

  it('shows what it is about', () => {
    const one = drawer({ subtitle: 'Account', wide: true })
    expect(one.get('h2').text()).toBe('ann@x.org')
    expect(one.get('.heading p').text()).toBe('Account')
    expect(one.get('header').text()).toContain('Enabled')
    expect(one.get('footer').text()).toBe('Save')
  })

  it('goes at once when nothing was typed', async () => {
    const one = drawer()
    await one.get('[aria-label=Close]').trigger('click')
    await clickOn(one.get('dialog.drawer'))
    expect(one.emitted('close')).toHaveLength(2)
    expect(asking(one)).toBe(false)
  })

  it('asks first when something was, and stays if the reader changes her mind', async () => {
    const one = drawer({ dirty: true })
    await clickOn(one.get('dialog.drawer'))
    expect(asking(one)).toBe(true)
    expect(one.get('[role=alertdialog]').text()).toContain('Discard your changes?')
    await press(one, 'Cancel')
    expect(asking(one)).toBe(false)
    expect(one.emitted('close')).toBeUndefined()
  })

  it('arrives late: waits until what was called up meanwhile is gone', async () => {
    const above = document.createElement('dialog')
    above.dataset.above = ''
    document.body.append(above)
    above.showModal()
    const one = drawer()
    expect(one.get('dialog').element.open).toBe(false)
    above.close()
    expect(one.get('dialog').element.open).toBe(true)
    above.remove()
  })

  it('does not come any more when it was closed while it waited', async () => {
    const above = document.createElement('dialog')
    above.dataset.above = ''
    document.body.append(above)
    above.showModal()
    const one = drawer()
    await one.setProps({ open: false })
    above.close()
    expect(one.get('dialog').element.open).toBe(false)
    above.remove()
  })

  it('goes when the changes may go', async () => {
    const one = drawer({ dirty: true })
    await one.get('[aria-label=Close]').trigger('click')
    await one.get('[role=alertdialog] form').trigger('submit')
    expect(one.emitted('close')).toHaveLength(1)
    expect(asking(one)).toBe(false)
  })

  it('does not ask any more when it was closed meanwhile', async () => {
    const one = drawer({ dirty: true })
    await one.get('dialog.drawer').trigger('cancel')
    await one.setProps({ open: false })
    expect(asking(one)).toBe(false)
  })

  it('is not closed by what happens in the dialog inside', async () => {
    const one = drawer({ dirty: true })
    await one.get('dialog.drawer').trigger('cancel')
    await clickOn(one.get('[role=alertdialog]'))
    expect(asking(one)).toBe(false)
    expect(one.emitted('close')).toBeUndefined()
  })
})

describe('ConfirmDialog', () => {
  function confirm(more: Record<string, unknown> = {}) {
    const one = mount(ConfirmDialog, {
      attachTo: document.body,
      props: { open: true, title: 'Delete x.org?', confirmLabel: 'Delete', ...more },
    })
    shown = one
    return one
  }

  it('confirms at once without a word to type, and can be left', async () => {
    const one = confirm({ danger: true })
    expect(one.find('input').exists()).toBe(false)
    expect(one.get('button[type=submit]').classes()).toContain('danger')
    await one.get('form').trigger('submit')
    expect(one.emitted('confirm')).toHaveLength(1)
    await one.get('footer button').trigger('click')
    await one.get('dialog').trigger('cancel')
    expect(one.emitted('close')).toHaveLength(2)
  })

  it('confirms once while it is busy', async () => {
    const one = confirm({ busy: true })
    await one.get('form').trigger('submit')
    expect(one.emitted('confirm')).toBeUndefined()
  })

  it('says what must be typed and forgets it when it closes', async () => {
    const one = confirm({ typed: 'x.org' })
    expect(one.get('label').text()).toBe('Type x.org to confirm')
    expect(one.get('footer [aria-disabled=true]').text()).toBe('Delete')
    await one.get('input').setValue(' X.ORG ')
    expect(one.find('footer [aria-disabled=true]').exists()).toBe(false)
    await one.setProps({ open: false })
    await one.setProps({ open: true })
    expect(one.get('input').element.value).toBe('')
    await one.get('form').trigger('submit')
    expect(one.emitted('confirm')).toBeUndefined()
  })
})
