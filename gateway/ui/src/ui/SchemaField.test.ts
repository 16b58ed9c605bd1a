import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import SchemaField from './SchemaField.vue'
import type { Schema } from './schema'

function field(schema: Schema, modelValue: unknown, more: Record<string, unknown> = {}) {
  return mount(SchemaField, {
    props: { schema, name: 'some_name', id: 'f', modelValue, errors: [], ...more },
  })
}

/** What the last change has made of the value. */
const last = (shown: ReturnType<typeof field>) => shown.emitted('update:modelValue')?.at(-1)?.[0]

const nullable = (type: string, more: Schema = {}): Schema => ({ type: [type, 'null'], ...more })

describe('SchemaField', () => {
  it('has title, description, errors and what is required from the schema and the form', () => {
    const schema = { type: 'string', title: 'Host', description: 'Of the server' }
    const shown = field(schema, 'x', { required: true, errors: ['Not reachable'] })
    expect(shown.get('label').text()).toContain('Host')
    expect(shown.get('#f-hint').text()).toBe('Of the server')
    expect(shown.get('#f-error').text()).toBe('Not reachable')
    expect(shown.get('input').attributes()).toMatchObject({
      required: '',
      'aria-invalid': 'true',
      'aria-describedby': 'f-hint f-error',
    })
  })

  it('is named after its property without a title', () => {
    expect(field({ type: 'string' }, '').get('label').text()).toBe('some_name')
  })

  it('shows the default until there is a value', async () => {
    const shown = field({ type: 'string', default: 'imap' }, undefined)
    expect(shown.get('input').element.value).toBe('imap')
    await shown.setProps({ modelValue: '' })
    expect(shown.get('input').element.value).toBe('')
  })

  it.each([
    ['email', 'email'],
    ['uri', 'url'],
    ['hostname', 'text'],
  ])('asks for the keyboard that suits %s', (format, type) => {
    expect(field({ type: 'string', format }, '').get('input').attributes('type')).toBe(type)
  })

  it('makes null of an empty text only where null is allowed', async () => {
    const plain = field({ type: 'string', maxLength: 9 }, 'x')
    expect(plain.get('input').attributes('maxlength')).toBe('9')
    await plain.get('input').setValue('')
    expect(last(plain)).toBe('')
    const may = field(nullable('string'), 'x')
    await may.get('input').setValue('')
    expect(last(may)).toBeNull()
    await may.get('input').setValue('y')
    expect(last(may)).toBe('y')
  })

  it('takes long texts and secrets', async () => {
    const area = field({ type: 'string', 'x-multiline': true }, 'a')
    await area.get('textarea').setValue('a\nb')
    expect(last(area)).toBe('a\nb')
    const secret = field({ type: 'string', format: 'password' }, '')
    expect(secret.get('input').attributes()).toMatchObject({
      type: 'password',
      autocomplete: 'new-password',
    })
    await secret.get('input').setValue('pw')
    expect(last(secret)).toBe('pw')
  })

  it('gives the values of a list their own type', async () => {
    const shown = field(
      { type: 'integer', enum: [1, 2], 'x-enum-labels': ['one', 'two'] },
      undefined,
    )
    expect(shown.findAll('option').map((one) => one.text())).toEqual(['None', 'one', 'two'])
    await shown.get('select').setValue('2')
    expect(last(shown)).toBe(2)
    await shown.get('select').setValue('')
    expect(last(shown)).toBeNull()
  })

  it('offers nothing to choose only while nothing is chosen, if a choice is required', async () => {
    const shown = field({ type: 'string', enum: ['a', 'b'] }, undefined, { required: true })
    const options = () => shown.findAll('option').map((one) => one.text())
    expect(options()).toEqual(['None', 'a', 'b'])
    await shown.get('select').setValue('b')
    expect(last(shown)).toBe('b')
    await shown.setProps({ modelValue: 'b' })
    expect(options()).toEqual(['a', 'b'])
  })

  it('offers nothing once if the schema names it too', () => {
    const shown = field(nullable('string', { enum: [null, 'a'] }), null)
    expect(shown.findAll('option').map((one) => one.attributes('value'))).toEqual(['', 'a'])
  })

  it('switches', async () => {
    const shown = field({ type: 'boolean', default: true }, undefined)
    expect(shown.get('[role=switch]').attributes('aria-checked')).toBe('true')
    await shown.get('[role=switch]').trigger('click')
    expect(last(shown)).toBe(false)
  })

  it('takes numbers within bounds, with their unit', async () => {
    const shown = field({ type: 'integer', minimum: 1, maximum: 9, 'x-unit': 'days' }, 'no number')
    const input = shown.get('input')
    expect(input.attributes()).toMatchObject({ min: '1', max: '9', step: '1' })
    expect(input.element.value).toBe('')
    expect(shown.text()).toContain('days')
    await input.setValue('3')
    expect(last(shown)).toBe(3)
    expect(field({ type: 'number' }, 1.5).get('input').attributes('step')).toBe('any')
    expect(field({ type: 'number', multipleOf: 0.5 }, 1).get('input').attributes('step')).toBe(
      '0.5',
    )
  })

  it('takes sizes, without limit only where null is allowed', async () => {
    const plain = field({ type: 'integer', 'x-unit': 'MB' }, 2048)
    expect(plain.find('input[type=checkbox]').exists()).toBe(false)
    const may = field(nullable('integer', { 'x-unit': 'MB' }), null)
    expect(may.text()).toContain('Unlimited')
    await may.get('input[type=checkbox]').setValue(false)
    expect(last(may)).toBe(1024)
    const named = nullable('integer', { 'x-unit': 'MB', 'x-unlimited-label': 'As the domain' })
    expect(field(named, null).text()).toContain('As the domain')
  })

  it('takes several texts and moments', async () => {
    const tags = field({ type: 'array' }, ['a'])
    expect(tags.get('li').text()).toBe('a')
    await tags.get('[aria-label="Remove a"]').trigger('click')
    expect(last(tags)).toEqual([])
    expect(field({ type: 'array' }, null).findAll('li')).toHaveLength(0)
    const moment = field({ type: 'string', format: 'date-time' }, undefined)
    await moment.get('input').setValue('2026-12-24T18:00')
    expect(last(moment)).toMatch(/^2026-12-2\dT\d\d:\d\d:00Z$/)
  })

  it.each<Schema>([
    { type: 'string' },
    { type: 'boolean' },
    { type: 'array' },
    { type: 'integer' },
    { type: 'string', enum: ['a'] },
  ])('is off when the form is: %o', (schema) => {
    const shown = field(schema, undefined, { disabled: true })
    expect(shown.get('input, select, [role=switch]').attributes('disabled')).toBeDefined()
  })
})
