import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import {
  ComboField,
  DateTimeField,
  NumberField,
  PasswordField,
  SizeField,
  SwitchField,
  TagsField,
  TextField,
} from '.'

describe('fields', () => {
  it('ties label, hint and errors to the input', () => {
    const field = mount(TextField, {
      props: { modelValue: 'a', label: 'Name', hint: 'Short', error: ['Taken'], id: 'n' },
    })
    const input = field.get('input')
    expect(field.get('label').attributes('for')).toBe('n')
    expect(input.attributes('aria-invalid')).toBe('true')
    expect(input.attributes('aria-describedby')).toBe('n-hint n-error')
    expect(field.get('#n-error').text()).toBe('Taken')
  })

  it('shows and makes up a password', async () => {
    const field = mount(PasswordField, {
      props: { modelValue: 'x', label: 'Password', generate: true, strength: 3 },
    })
    expect(field.get('input').attributes('type')).toBe('password')
    await field.get('[aria-label="Show password"]').trigger('click')
    expect(field.get('input').attributes('type')).toBe('text')
    await field.get('[aria-label="Make up a password"]').trigger('click')
    expect(field.emitted('generate')).toHaveLength(1)
    expect(field.text()).toContain('Strong')
  })

  it('gives a number, or null for nothing', async () => {
    const field = mount(NumberField, { props: { modelValue: 1, label: 'N' } })
    await field.get('input').setValue('12')
    await field.get('input').setValue('')
    expect(field.emitted('update:modelValue')).toEqual([[12], [null]])
  })

  it('counts a size in MB whatever the unit', async () => {
    const field = mount(SizeField, {
      props: { modelValue: 2048, label: 'Quota', unlimitedLabel: 'Unlimited' },
    })
    expect(field.get('input').element.value).toBe('2')
    await field.get('input').setValue('3')
    expect(field.emitted('update:modelValue')?.at(-1)).toEqual([3072])
    await field.get('input[type=checkbox]').setValue(true)
    expect(field.emitted('update:modelValue')?.at(-1)).toEqual([null])
  })

  it('keeps a moment in UTC', async () => {
    const field = mount(DateTimeField, { props: { modelValue: null, label: 'Expires' } })
    await field.get('input').setValue('2026-12-24T18:00')
    const value = field.emitted('update:modelValue')?.[0]?.[0] as string
    expect(value).toMatch(/Z$/)
    expect(new Date(value).getTime()).toBe(new Date('2026-12-24T18:00').getTime())
  })

  it('ignores clicks on a switch while its change is on its way', async () => {
    const field = mount(SwitchField, { props: { modelValue: true, label: 'Enabled', busy: true } })
    await field.get('[role=switch]').trigger('click')
    expect(field.emitted('update:modelValue')).toBeUndefined()
    await field.setProps({ busy: false })
    await field.get('[role=switch]').trigger('click')
    expect(field.emitted('update:modelValue')).toEqual([[false]])
  })

  it('takes tags by Enter, takes a paste apart and gives the last back', async () => {
    const field = mount(TagsField, {
      props: {
        modelValue: ['a@x'],
        label: 'To',
        'onUpdate:modelValue': (tags: string[]) => field.setProps({ modelValue: tags }),
      },
    })
    const input = field.get('input')
    await input.setValue('b@x')
    await input.trigger('keydown', { key: 'Enter' })
    await input.trigger('paste', { clipboardData: { getData: () => 'c@x, d@x;a@x' } })
    expect(field.props('modelValue')).toEqual(['a@x', 'b@x', 'c@x', 'd@x'])
    await input.trigger('keydown', { key: 'Backspace' })
    expect(input.element.value).toBe('d@x')
    await field.get('[aria-label="Remove a@x"]').trigger('click')
    expect(field.props('modelValue')).toEqual(['b@x', 'c@x'])
  })

  it('chooses a suggestion by keyboard', async () => {
    const options = [
      { value: '1', label: 'one' },
      { value: '2', label: 'two' },
    ]
    const field = mount(ComboField, { props: { modelValue: '', label: 'Domain', options } })
    const input = field.get('input')
    await input.setValue('t')
    expect(field.emitted('search')).toEqual([['t']])
    await input.trigger('keydown', { key: 'ArrowUp' })
    expect(input.attributes('aria-activedescendant')).toBeDefined()
    await input.trigger('keydown', { key: 'Enter' })
    expect(field.emitted('update:modelValue')).toEqual([['2']])
    expect(input.attributes('aria-expanded')).toBe('false')
  })
})
