import { mount } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import {
  AppButton,
  AppTabs,
  AppTooltip,
  CheckboxField,
  ErrorSummary,
  IconButton,
  PasswordField,
  ProgressBar,
  QuotaBar,
  SelectField,
  SwitchField,
  TextArea,
} from '.'

const router = createRouter({
  history: createMemoryHistory(),
  routes: [{ path: '/:page?', component: { render: () => null } }],
})

afterEach(() => void vi.useRealTimers())

describe('buttons', () => {
  it('are links where they lead somewhere, unless they are off', async () => {
    const global = { plugins: [router] }
    const button = mount(AppButton, { global, props: { to: '/a', icon: 'M0' } })
    const icon = mount(IconButton, { global, props: { to: '/b', icon: 'M0', label: 'Open' } })
    expect(button.get('a').attributes('href')).toBe('/a')
    expect(icon.get('a').attributes()).toMatchObject({ href: '/b', 'aria-label': 'Open' })
    await button.setProps({ disabled: true })
    await icon.setProps({ disabled: true })
    expect(button.find('a').exists() || icon.find('a').exists()).toBe(false)
    expect(icon.get('button').attributes('disabled')).toBeDefined()
  })

  it('of an icon ignore clicks while busy', async () => {
    const around = vi.fn()
    const icon = mount(IconButton, {
      attrs: { class: 'x' },
      props: { icon: 'M0', label: 'Retry', busy: true },
    })
    icon.element.addEventListener('click', around)
    await icon.get('button').trigger('click')
    expect(icon.emitted('click')).toBeUndefined()
    expect(around).not.toHaveBeenCalled()
    expect(icon.get('button').attributes('aria-busy')).toBe('true')
    await icon.setProps({ busy: false })
    await icon.get('button').trigger('click')
    expect(icon.emitted('click')).toHaveLength(1)
  })
})

describe('AppTooltip', () => {
  function tip() {
    vi.useFakeTimers()
    const shown = mount(AppTooltip, {
      attachTo: document.body,
      props: { text: 'Why' },
      slots: { default: '<button :aria-describedby="params.describedby">x</button>' },
    })
    const popup = shown.get('[role=tooltip]').element as HTMLElement
    popup.showPopover = vi.fn()
    popup.hidePopover = vi.fn()
    return { shown, popup }
  }

  it('describes its control and appears when the pointer rests, not for a finger', async () => {
    const { shown, popup } = tip()
    expect(shown.get('button').attributes('aria-describedby')).toBe(popup.id)
    await shown.trigger('pointerenter', { pointerType: 'touch' })
    vi.advanceTimersByTime(1000)
    expect(popup.showPopover).not.toHaveBeenCalled()
    await shown.trigger('pointerenter', { pointerType: 'mouse' })
    vi.advanceTimersByTime(350)
    expect(popup.showPopover).toHaveBeenCalledOnce()
    await shown.trigger('pointerleave')
    vi.advanceTimersByTime(100)
    await shown.trigger('pointerenter', { pointerType: 'mouse' })
    vi.advanceTimersByTime(1000)
    expect(popup.hidePopover).not.toHaveBeenCalled()
    await shown.trigger('pointerleave')
    vi.advanceTimersByTime(120)
    expect(popup.hidePopover).toHaveBeenCalledOnce()
    shown.unmount()
  })

  it('appears with the keyboard focus and goes by Escape', async () => {
    const { shown, popup } = tip()
    const button = shown.get('button')
    button.element.matches = () => true
    await button.trigger('focusin')
    expect(popup.showPopover).toHaveBeenCalledOnce()
    document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }))
    expect(popup.hidePopover).toHaveBeenCalledOnce()
    shown.unmount()
  })
})

describe('AppTabs', () => {
  it('shows the chosen tab, and says which hold changes', async () => {
    const tabs = mount(AppTabs, {
      attachTo: document.body,
      props: {
        modelValue: 'a',
        label: 'Parts',
        tabs: [
          { key: 'a', label: 'General', dirty: true },
          { key: 'b', label: 'Aliases', badge: 3 },
        ],
      },
      slots: { a: 'one', b: 'two' },
    })
    const [first, second] = tabs.findAll('[role=tab]')
    expect(tabs.get('[role=tablist]').attributes('aria-label')).toBe('Parts')
    expect(first?.text()).toContain('unsaved changes')
    expect(second?.text()).toContain('3')
    expect(first?.attributes('aria-selected')).toBe('true')
    await second?.trigger('mousedown', { button: 0 })
    expect(tabs.emitted('update:modelValue')).toEqual([['b']])
    tabs.unmount()
  })
})

describe('ErrorSummary', () => {
  it('leads to the fields, and takes the focus again when asked', async () => {
    const field = document.body.appendChild(document.createElement('input'))
    field.id = 'name'
    const errors = [{ id: 'name', label: 'Name', message: 'Taken' }]
    const shown = mount(ErrorSummary, { attachTo: document.body, props: { errors: [] } })
    expect(shown.find('[role=group]').exists()).toBe(false)
    await shown.setProps({ errors })
    const summary = shown.get('[role=group]')
    const title = shown.get(`[id="${summary.attributes('aria-labelledby')}"]`)
    expect(title.text()).toBe('One thing needs your attention')
    await vi.waitFor(() => expect(document.activeElement).toBe(summary.element))
    await shown.get('a').trigger('click')
    expect(document.activeElement).toBe(field)
    ;(shown.vm as unknown as { focus: () => void }).focus()
    expect(document.activeElement).toBe(summary.element)
    shown.unmount()
    field.remove()
  })
})

describe('fields', () => {
  it('give what is typed and chosen', async () => {
    const options = [
      { value: 'a', label: 'A' },
      { value: 'b', label: 'B' },
    ]
    const select = mount(SelectField, { props: { modelValue: 'a', label: 'S', options } })
    const area = mount(TextArea, { props: { modelValue: '', label: 'T', mono: true } })
    const password = mount(PasswordField, { props: { modelValue: '', label: 'P' } })
    const box = mount(CheckboxField, { props: { modelValue: false, label: 'C' } })
    await select.get('select').setValue('b')
    await area.get('textarea').setValue('x')
    await password.get('input').setValue('pw')
    await box.get('input').setValue(true)
    const told = [select, area, password, box].map((one) => one.emitted('update:modelValue')?.[0])
    expect(told).toEqual([['b'], ['x'], ['pw'], [true]])
    expect(area.get('textarea').attributes('spellcheck')).toBe('false')
  })

  it('with a box tie it to its label, hint and errors', () => {
    const box = mount(CheckboxField, {
      props: { modelValue: false, label: 'I agree', hint: 'Once', error: 'Needed', id: 'c' },
    })
    expect(box.get('label').attributes('for')).toBe('c')
    expect(box.get('#c').attributes()).toMatchObject({
      'aria-invalid': 'true',
      'aria-describedby': 'c-about',
    })
    expect(box.get('#c-about').text()).toBe('OnceNeeded')
  })

  it('that switch change by their label too, but not while they are off', async () => {
    const field = mount(SwitchField, { props: { modelValue: false, label: 'Enabled' } })
    await field.get('[role=switch]').trigger('click')
    expect(field.emitted('update:modelValue')).toEqual([[true]])
    await field.setProps({ disabled: true })
    expect(field.get('[role=switch]').attributes('disabled')).toBeDefined()
  })
})

describe('bars', () => {
  it.each([
    [50, 100, 'ok', '50'],
    [80, 100, 'warn', '80'],
    [95, 100, 'bad', '95'],
    [300, 100, 'bad', '100'],
    [0, 0, 'bad', '100'],
  ])('of %s in %s is %s', (used, limit, tone, now) => {
    const bar = mount(QuotaBar, { props: { used, limit, label: 'Mailbox' } })
    expect(bar.classes()).toContain(tone)
    expect(bar.get('[role=meter]').attributes()).toMatchObject({
      'aria-label': 'Mailbox',
      'aria-valuenow': now,
    })
  })

  it('has no meter without a limit', () => {
    const bar = mount(QuotaBar, { props: { used: 2048, limit: null, label: 'Mailbox' } })
    expect(bar.text()).toBe('2 kB, no limit')
    expect(bar.find('[role=meter]').exists()).toBe(false)
  })

  it('counts how far work is, if that is known', async () => {
    const bar = mount(ProgressBar, { props: { done: 3, total: 1000, label: 'Import' } })
    expect(bar.text()).toContain('3 / 1,000')
    expect(bar.get('progress').attributes()).toMatchObject({ value: '3', max: '1000' })
    await bar.setProps({ total: null })
    expect(bar.get('progress').attributes('value')).toBeUndefined()
  })
})
