import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { DateTimeField } from '.'

function field(modelValue: string | null, more: Record<string, unknown> = {}) {
  const shown = mount(DateTimeField, { props: { modelValue, label: 'Expires', ...more } })
  return { shown, input: shown.get('input') }
}

const utc = (local: string) => new Date(local).toISOString().replace('.000Z', 'Z')

describe('DateTimeField', () => {
  it('shows a moment in the local time, to the minute', () => {
    expect(field(utc('2026-12-24T18:00:30')).input.element.value).toBe('2026-12-24T18:00')
  })

  it('reads a moment of another time zone', () => {
    const { input } = field('2026-12-24T18:00:00+05:00')
    expect(utc(input.element.value)).toBe('2026-12-24T13:00:00Z')
  })

  it('says which time zone is meant', () => {
    const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone
    expect(field(null).shown.get('.zone').text()).toBe(zone)
  })

  it.each([null, '', 'soon'])('is empty for %j', (value) => {
    expect(field(value).input.element.value).toBe('')
  })

  it('gives null when it is emptied', async () => {
    const { shown, input } = field(utc('2026-12-24T18:00'))
    await input.setValue('')
    expect(shown.emitted('update:modelValue')).toEqual([[null]])
  })

  it('gives RFC 3339 in UTC without milliseconds', async () => {
    const { shown, input } = field(null)
    await input.setValue('2026-02-28T23:59')
    expect(shown.emitted('update:modelValue')).toEqual([[utc('2026-02-28T23:59')]])
  })

  it('bounds what can be chosen, in local time', async () => {
    const { shown, input } = field(null, { min: utc('2026-01-01T00:00'), max: 'never' })
    expect(input.attributes('min')).toBe('2026-01-01T00:00')
    expect(input.attributes('max')).toBeUndefined()
    await shown.setProps({ max: utc('2026-06-01T12:30') })
    expect(input.attributes('max')).toBe('2026-06-01T12:30')
  })

  it('is described by its hint and its error', () => {
    const { shown, input } = field(null, { hint: 'When it ends', error: 'Too early', id: 'e' })
    expect(input.attributes('aria-invalid')).toBe('true')
    expect(input.attributes('aria-describedby')).toBe('e-hint e-error')
    expect(shown.get('#e-error').text()).toBe('Too early')
  })
})
