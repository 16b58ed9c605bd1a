import { mount } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import { ComboField } from '.'

const options = [
  { value: '1', label: 'one.org' },
  { value: '2', label: 'two.org', hint: 'relayed' },
]
let shown: ReturnType<typeof mountField> | undefined

afterEach(() => shown?.unmount())

function mountField(more: Record<string, unknown>) {
  const one = mount(ComboField, {
    attachTo: document.body,
    props: {
      modelValue: '',
      label: 'Domain',
      options,
      'onUpdate:modelValue': (value: string) => one.setProps({ modelValue: value }),
      ...more,
    },
  })
  return one
}

function field(more: Record<string, unknown> = {}) {
  const one = mountField(more)
  shown = one
  const input = one.get('input')
  const key = (name: string, with_: Record<string, unknown> = {}) =>
    input.trigger('keydown', { key: name, ...with_ })
  const active = () => input.attributes('aria-activedescendant')
  return { one, input, key, active }
}

describe('ComboField', () => {
  it('is a combobox with a named list', async () => {
    const { one, input } = field()
    expect(input.attributes()).toMatchObject({ role: 'combobox', 'aria-expanded': 'false' })
    await input.trigger('click')
    expect(input.attributes('aria-expanded')).toBe('true')
    const list = one.get(`[id="${input.attributes('aria-controls')}"]`)
    expect(list.attributes()).toMatchObject({ role: 'listbox', 'aria-label': 'Suggestions' })
    expect(list.findAll('[role=option]').map((option) => option.text())).toEqual([
      'one.org',
      'two.orgrelayed',
    ])
  })

  it('shows what is chosen by its label, and the value itself if it is not in the list', async () => {
    const { one, input } = field({ modelValue: '2' })
    expect(input.element.value).toBe('two.org')
    expect(one.findAll('[aria-selected=true]').map((option) => option.text())).toEqual([
      'two.orgrelayed',
    ])
    await one.setProps({ modelValue: '9' })
    expect(input.element.value).toBe('9')
  })

  it('selects its text on focus, so that typing replaces it', () => {
    const { input } = field({ modelValue: '1' })
    input.element.focus()
    expect([input.element.selectionStart, input.element.selectionEnd]).toEqual([0, 7])
  })

  it('walks round the list with the arrows', async () => {
    const { one, key, active } = field()
    const at = () => one.findAll('[role=option]').findIndex((o) => o.attributes('id') === active())
    const path = []
    for (const name of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowUp']) {
      await key(name)
      path.push(at())
    }
    expect(path).toEqual([0, 1, 0, 1])
  })

  it('closes by Escape without closing what is around, and only then lets it through', async () => {
    const { one, input, key } = field()
    const heard: string[] = []
    const hear = (event: KeyboardEvent) => heard.push(event.key)
    document.body.addEventListener('keydown', hear)
    await key('ArrowDown')
    await key('Escape')
    expect(input.attributes('aria-expanded')).toBe('false')
    expect(heard).toEqual(['ArrowDown'])
    await key('Escape')
    expect(heard).toEqual(['ArrowDown', 'Escape'])
    document.body.removeEventListener('keydown', hear)
    expect(one.emitted('update:modelValue')).toBeUndefined()
  })

  it('leaves keys to those who compose characters or use shortcuts', async () => {
    const { key, active } = field()
    await key('ArrowDown', { isComposing: true })
    await key('ArrowDown', { ctrlKey: true })
    expect(active()).toBeUndefined()
  })

  it('takes nothing by Enter until an option is active', async () => {
    const { one, input, key } = field()
    await input.setValue('o')
    await key('Enter')
    expect(one.emitted('update:modelValue')).toBeUndefined()
  })

  it('forgets the active option when the list changes', async () => {
    const { one, key, active } = field()
    await key('ArrowDown')
    expect(active()).toBeDefined()
    await one.setProps({ options: [options[1]!] })
    expect(active()).toBeUndefined()
  })

  it('takes the option that is clicked and keeps the focus', async () => {
    const { one, input } = field()
    input.element.focus()
    await input.trigger('click')
    const option = one.findAll('[role=option]')[1]!
    const press = new Event('pointerdown', { bubbles: true, cancelable: true })
    option.element.dispatchEvent(press)
    expect(press.defaultPrevented).toBe(true)
    await option.trigger('click')
    expect(one.props('modelValue')).toBe('2')
    expect(input.element.value).toBe('two.org')
    expect(input.attributes('aria-expanded')).toBe('false')
  })

  it('takes what was typed in full when it is left', async () => {
    const { one, input } = field()
    input.element.focus()
    await input.setValue('TWO.org')
    input.element.blur()
    await one.vm.$nextTick()
    expect(one.props('modelValue')).toBe('2')
    expect(input.element.value).toBe('two.org')
  })

  it('goes back to the choice when what was typed is none', async () => {
    const { one, input } = field({ modelValue: '1' })
    input.element.focus()
    await input.setValue('xyz')
    input.element.blur()
    await one.vm.$nextTick()
    expect(one.props('modelValue')).toBe('1')
    expect(input.element.value).toBe('one.org')
  })

  it('still knows the name of the choice when the list no longer has it', async () => {
    const { one, input } = field({ modelValue: '1' })
    input.element.focus()
    await input.setValue('tw')
    await one.setProps({ options: [options[1]!] })
    input.element.blur()
    await one.vm.$nextTick()
    expect(input.element.value).toBe('one.org')
  })

  it('is emptied by being left empty', async () => {
    const { one, input } = field({ modelValue: '1' })
    input.element.focus()
    await input.setValue('')
    input.element.blur()
    await one.vm.$nextTick()
    expect(one.props('modelValue')).toBe('')
    expect(input.element.value).toBe('')
  })

  it('lets who types go on when new options come', async () => {
    const { one, input } = field({ modelValue: '1' })
    input.element.focus()
    await input.setValue('tw')
    await one.setProps({ options: [options[1]!] })
    expect(input.element.value).toBe('tw')
    expect(one.emitted('search')).toEqual([['tw']])
  })

  it('says when nothing matches, not while it still looks', async () => {
    const { one, input } = field({ options: [], loading: true })
    await input.setValue('xyz')
    expect(input.attributes('aria-busy')).toBe('true')
    expect(one.get('[role=status]').text()).toBe('')
    await one.setProps({ loading: false })
    expect(one.get('[role=status]').text()).toBe('Nothing matches.')
    expect(input.attributes('aria-expanded')).toBe('false')
  })
})
