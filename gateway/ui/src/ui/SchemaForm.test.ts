import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { SchemaForm, type Schema } from '.'
import { validate } from './schema'

const schema: Schema = {
  required: ['host'],
  properties: {
    host: { type: 'string', title: 'Host' },
    relay: { type: 'boolean', title: 'Relay' },
    port: {
      type: 'integer',
      maximum: 65535,
      'x-depends-on': { property: 'relay', value: true },
    },
    limits: {
      type: 'object',
      title: 'Limits',
      description: 'For each account',
      required: ['mails'],
      properties: { mails: { type: 'integer', title: 'Mails', minimum: 1 } },
    },
    version: { type: 'string', readOnly: true },
  },
}

function form(modelValue: Record<string, unknown>, more: Record<string, unknown> = {}) {
  const shown = mount(SchemaForm, {
    props: {
      schema,
      modelValue,
      idPrefix: 's',
      'onUpdate:modelValue': (value: Record<string, unknown>) =>
        shown.setProps({ modelValue: value }),
      ...more,
    },
  })
  return shown
}

type Exposed = {
  validate: () => boolean
  summary: () => { id: string; label: string; message: string }[]
}

const exposed = (shown: ReturnType<typeof form>) => shown.vm as unknown as Exposed

describe('SchemaForm', () => {
  it('shows a property only while what it depends on is so', async () => {
    const shown = form({ host: 'a' })
    expect(shown.find('#s-port').exists()).toBe(false)
    await shown.get('[role=switch]').trigger('click')
    expect(shown.props('modelValue')).toEqual({ host: 'a', relay: true })
    expect(shown.find('#s-port').exists()).toBe(true)
  })

  it('groups what belongs together and keeps it together', async () => {
    const shown = form({ host: 'a' })
    expect(shown.get('legend').text()).toBe('Limits')
    expect(shown.get('fieldset .about').text()).toBe('For each account')
    await shown.get('[id="s-limits.mails"]').setValue('5')
    expect(shown.props('modelValue')).toEqual({ host: 'a', limits: { mails: 5 } })
  })

  it('checks, sums up with links to the fields, and forgets what was changed', async () => {
    const shown = form({ host: '', limits: { mails: 0 } })
    expect(exposed(shown).validate()).toBe(false)
    await shown.vm.$nextTick()
    expect(exposed(shown).summary()).toEqual([
      { id: 's-host', label: 'Host', message: 'This must be filled in.' },
      { id: 's-limits.mails', label: 'Mails', message: 'This must be at least 1.' },
    ])
    expect(shown.get('[id="s-limits.mails-error"]').text()).toContain('at least 1')
    await shown.get('[id="s-limits.mails"]').setValue('3')
    expect(shown.find('[id="s-limits.mails-error"]').exists()).toBe(false)
    await shown.get('#s-host').setValue('mx')
    expect(exposed(shown).summary()).toEqual([])
    expect(exposed(shown).validate()).toBe(true)
  })

  it('shows what the server says beside its own, of groups too', async () => {
    const errors = { host: ['Not reachable.'], 'limits.mails': ['Too many.'], other: ['Odd.'] }
    const shown = form({ host: '', limits: { mails: 7 } }, { errors })
    exposed(shown).validate()
    await shown.vm.$nextTick()
    expect(shown.findAll('#s-host-error p').map((one) => one.text())).toEqual([
      'Not reachable.',
      'This must be filled in.',
    ])
    expect(shown.get('[id="s-limits.mails-error"]').text()).toBe('Too many.')
    expect(exposed(shown).summary()).toContainEqual({
      id: 's-other',
      label: 'other',
      message: 'Odd.',
    })
  })

  it('lets nobody change what can only be read', async () => {
    const shown = form({ host: 'a', version: '3' })
    expect(shown.get('#s-version').attributes('disabled')).toBeDefined()
    expect(shown.get('#s-host').attributes('disabled')).toBeUndefined()
    await shown.setProps({ disabled: true })
    expect(shown.get('#s-host').attributes('disabled')).toBeDefined()
    expect(shown.get('[id="s-limits.mails"]').attributes('disabled')).toBeDefined()
  })
})

describe('validate', () => {
  const problem = (property: Schema, value: unknown) =>
    validate({ properties: { p: property } }, { p: value }).map(({ message }) => message)[0]

  it.each<[Schema, unknown, string | undefined]>([
    [{ type: 'integer', minimum: 2 }, 1, 'min'],
    [{ type: 'integer', maximum: 2 }, 3, 'max'],
    [{ type: 'integer' }, 1.5, 'step'],
    [{ type: 'integer', multipleOf: 5 }, 12, 'step'],
    [{ type: 'number' }, 1.5, undefined],
    [{ type: 'number', multipleOf: 0.1 }, 0.3, undefined],
    [{ type: 'number', multipleOf: 0.1 }, 0.35, 'step'],
    [{ type: 'string', minLength: 3 }, 'ab', 'minLength'],
    [{ type: 'string', maxLength: 1 }, '😀', undefined],
    [{ type: 'string', maxLength: 1 }, 'ab', 'maxLength'],
    [{ type: 'string', format: 'email' }, 'ann', 'email'],
    [{ type: 'string', format: 'email' }, 'ann@x', undefined],
    [{ type: 'string', format: 'uri' }, 'x.org', 'url'],
    [{ type: 'string', format: 'uri' }, 'https://x.org', undefined],
    [{ type: 'string', pattern: '^a+$' }, 'b', 'pattern'],
    [{ type: 'string', pattern: '^a+$' }, 'aa', undefined],
    [{ type: 'string', enum: ['a'] }, 'b', 'choice'],
    [{ type: 'array', maxItems: 1 }, ['a', 'b'], 'maxItems'],
    [{ type: 'array', maxItems: 2 }, ['a', 'b'], undefined],
    [{ type: 'boolean' }, false, undefined],
    [{ type: 'string', minLength: 3 }, '', undefined],
    [{ type: 'integer', readOnly: true, maximum: 1 }, 7, undefined],
  ])('%o and %j: %s', (property, value, message) => {
    expect(problem(property, value)).toBe(message)
  })

  it('misses what is required, null only where null is not allowed', () => {
    const required = { required: ['a', 'b', 'c'] }
    const properties = {
      a: { type: 'string' },
      b: { type: ['string', 'null'] },
      c: { type: 'array' },
    }
    expect(
      validate({ ...required, properties }, { a: null, b: null, c: [] }).map(({ key }) => key),
    ).toEqual(['a', 'c'])
  })
})
