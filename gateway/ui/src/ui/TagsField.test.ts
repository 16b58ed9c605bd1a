import { mount } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import { TagsField } from '.'

let shown: ReturnType<typeof mountField> | undefined

afterEach(() => shown?.unmount())

function mountField(more: Record<string, unknown>) {
  const one = mount(TagsField, {
    attachTo: document.body,
    props: {
      modelValue: ['a@x'],
      label: 'Recipients',
      'onUpdate:modelValue': (tags: string[]) => one.setProps({ modelValue: tags }),
      ...more,
    },
  })
  return one
}

function field(more: Record<string, unknown> = {}) {
  const one = mountField(more)
  shown = one
  const input = one.get('input')
  const type = async (text: string, key: string, with_: Record<string, unknown> = {}) => {
    await input.setValue(text)
    await input.trigger('keydown', { key, ...with_ })
  }
  return { one, input, type, tags: () => one.props('modelValue') }
}

describe('TagsField', () => {
  it.each(['Enter', ',', ';', ' '])('adds what is typed by %j, and says so', async (key) => {
    const { one, input, type, tags } = field()
    await type('b@x', key)
    expect(tags()).toEqual(['a@x', 'b@x'])
    expect(input.element.value).toBe('')
    expect(one.get('[role=status]').text()).toBe('b@x added')
  })

  it('adds nothing twice and nothing empty', async () => {
    const { one, type, tags } = field()
    await type('a@x', 'Enter')
    await type('', ',')
    expect(tags()).toEqual(['a@x'])
    expect(one.emitted('update:modelValue')).toBeUndefined()
  })

  it('leaves Enter in the empty input to the form, and composed characters alone', async () => {
    const { input, type, tags } = field()
    const enter = new KeyboardEvent('keydown', { key: 'Enter', cancelable: true })
    input.element.dispatchEvent(enter)
    expect(enter.defaultPrevented).toBe(false)
    await type('b@x', 'Enter', { isComposing: true })
    expect(tags()).toEqual(['a@x'])
  })

  it('adds what is typed when it is left', async () => {
    const { input, tags } = field()
    await input.setValue('b@x')
    await input.trigger('blur')
    expect(tags()).toEqual(['a@x', 'b@x'])
  })

  it('takes a pasted list apart, with what was typed before, and counts', async () => {
    const { one, input, tags } = field()
    await input.setValue('b@x')
    await input.trigger('paste', { clipboardData: { getData: () => 'c@x\nd@x, c@x' } })
    expect(tags()).toEqual(['a@x', 'b@x', 'c@x', 'd@x'])
    expect(one.get('[role=status]').text()).toBe('3 entries added')
  })

  it('leaves the paste of one word, or of nothing, to the browser', async () => {
    const { input, tags } = field()
    for (const data of [{ getData: () => 'b' }, null]) {
      const paste = new Event('paste', { cancelable: true })
      Object.assign(paste, { clipboardData: data })
      input.element.dispatchEvent(paste)
      expect(paste.defaultPrevented).toBe(false)
    }
    expect(tags()).toEqual(['a@x'])
  })

  it('gives the last one back for editing only from the empty input', async () => {
    const { input, type, tags } = field()
    await type('b', 'Backspace')
    expect(tags()).toEqual(['a@x'])
    await type('', 'Backspace')
    expect(tags()).toEqual([])
    expect(input.element.value).toBe('a@x')
    await type('', 'Backspace')
    expect(tags()).toEqual([])
  })

  it('removes a tag, says so and keeps the focus in the field', async () => {
    const { one, input, tags } = field({ modelValue: ['a@x', 'b@x'] })
    await one.get('[aria-label="Remove a@x"]').trigger('click')
    expect(tags()).toEqual(['b@x'])
    expect(one.get('[role=status]').text()).toBe('a@x removed')
    expect(document.activeElement).toBe(input.element)
  })

  it('has the focus after a click on its empty space', async () => {
    const { one, input } = field()
    await one.get('.tags').trigger('click')
    expect(document.activeElement).toBe(input.element)
  })

  it('suggests what is not there yet, to be taken by keyboard or click', async () => {
    const { one, input, type, tags } = field({ suggestions: ['a@x', 'b@x', 'c@x'] })
    await input.setValue('x')
    expect(one.emitted('search')).toEqual([['x']])
    expect(one.findAll('[role=option]').map((option) => option.text())).toEqual(['b@x', 'c@x'])
    await type('x', 'ArrowDown')
    await input.trigger('keydown', { key: 'Enter' })
    expect(tags()).toEqual(['a@x', 'b@x'])
    await input.setValue('x')
    await one.get('[role=option]').trigger('click')
    expect(tags()).toEqual(['a@x', 'b@x', 'c@x'])
    expect(input.attributes('aria-expanded')).toBe('false')
  })

  it('shows its placeholder only while it is empty', async () => {
    const { one, input } = field({ placeholder: 'ann@x.org', required: true, error: 'No such.' })
    expect(input.attributes('placeholder')).toBeUndefined()
    expect(input.attributes()).toMatchObject({ 'aria-required': 'true', 'aria-invalid': 'true' })
    await one.setProps({ modelValue: [] })
    expect(input.attributes('placeholder')).toBe('ann@x.org')
  })

  it('lets nobody remove anything while it is off', () => {
    const { one, input } = field({ disabled: true })
    expect(one.get('[aria-label="Remove a@x"]').attributes('disabled')).toBeDefined()
    expect(input.attributes('disabled')).toBeDefined()
  })
})
