import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { SizeField } from '.'
import { bestUnit } from './size'

type Props = Partial<InstanceType<typeof SizeField>['$props']>

/** With a parent that keeps what it is told. */
function field(modelValue: number | null, more: Props = {}) {
  const shown = mount(SizeField, {
    props: {
      modelValue,
      label: 'Quota',
      'onUpdate:modelValue': (value: number | null) => shown.setProps({ modelValue: value }),
      ...more,
    },
  })
  return shown
}

type Field = ReturnType<typeof field>

const amount = (shown: Field) => shown.get<HTMLInputElement>('input[type=number]')
const unit = (shown: Field) => shown.get<HTMLSelectElement>('select')
const box = (shown: Field) => shown.get<HTMLInputElement>('input[type=checkbox]')

describe('SizeField', () => {
  it.each([
    [1536, '1536', 'mb'],
    [3 * 1024, '3', 'gb'],
    [2 * 1024 * 1024, '2', 'tb'],
    [0, '0', 'gb'],
    [null, '', 'gb'],
  ])('shows %s MB as %s %s', (megabytes, text, name) => {
    const shown = field(megabytes)
    expect(amount(shown).element.value).toBe(text)
    expect(unit(shown).element.value).toBe(name)
    expect(unit(shown).attributes('aria-label')).toBe('Unit')
  })

  it('counts anew when the unit changes, and keeps what is typed', async () => {
    const shown = field(2048)
    await unit(shown).setValue('mb')
    expect(shown.props('modelValue')).toBe(2)
    expect(amount(shown).element.value).toBe('2')
    await amount(shown).setValue('1.6')
    expect(shown.props('modelValue')).toBe(2)
    expect(amount(shown).element.value).toBe('1.6')
  })

  it('does not change the unit under the fingers of who types', async () => {
    const shown = field(2048)
    await unit(shown).setValue('mb')
    await amount(shown).setValue('1024')
    expect(shown.props('modelValue')).toBe(1024)
    expect(unit(shown).element.value).toBe('mb')
  })

  it('follows a value from elsewhere', async () => {
    const shown = field(2048)
    await shown.setProps({ modelValue: 5 })
    expect(amount(shown).element.value).toBe('5')
    expect(unit(shown).element.value).toBe('mb')
    await shown.setProps({ modelValue: null })
    expect(amount(shown).element.value).toBe('')
  })

  it('is not unlimited while the amount is being replaced', async () => {
    const shown = field(2048, { unlimitedLabel: 'No limit' })
    await amount(shown).setValue('')
    expect(shown.props('modelValue')).toBeNull()
    expect(box(shown).element.checked).toBe(false)
    expect(amount(shown).element.disabled).toBe(false)
    await amount(shown).setValue('7')
    expect(shown.props('modelValue')).toBe(7 * 1024)
  })

  it('needs no amount without a limit, and offers 1 GB when there is one again', async () => {
    const shown = field(null, { unlimitedLabel: 'No limit', required: true })
    expect(shown.get(`label[for="${box(shown).attributes('id')}"]`).text()).toBe('No limit')
    expect(box(shown).element.checked).toBe(true)
    expect(amount(shown).element.disabled).toBe(true)
    expect(amount(shown).element.required).toBe(false)
    await box(shown).setValue(false)
    expect(shown.props('modelValue')).toBe(1024)
    expect(amount(shown).element.disabled).toBe(false)
    expect(amount(shown).element.required).toBe(true)
    await box(shown).setValue(true)
    expect(shown.props('modelValue')).toBeNull()
    expect(amount(shown).element.value).toBe('')
  })

  it('tells the largest size in the unit shown', async () => {
    const shown = field(1024, { max: 4096 })
    expect(amount(shown).attributes('max')).toBe('4')
    await unit(shown).setValue('mb')
    expect(amount(shown).attributes('max')).toBe('4096')
  })

  it('is off as a whole', () => {
    const shown = field(1024, { unlimitedLabel: 'No limit', disabled: true })
    expect(shown.findAll('input, select').every((one) => 'disabled' in one.attributes())).toBe(true)
  })
})

describe('sizes', () => {
  it('takes the largest unit that leaves no rest', () => {
    expect([1, 1024, 1025, 1024 * 1024].map(bestUnit)).toEqual(['mb', 'gb', 'mb', 'tb'])
  })
})
