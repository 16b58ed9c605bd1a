import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CopyField } from '.'

const writeText = vi.fn()

beforeEach(() => {
  vi.useFakeTimers()
  writeText.mockReset().mockResolvedValue(undefined)
  vi.stubGlobal('navigator', { ...navigator, clipboard: { writeText } })
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

function field(more: Record<string, unknown> = {}) {
  return mount(CopyField, { props: { label: 'Host', value: 'mx.x.org', ...more } })
}

describe('CopyField', () => {
  it('names its button after the label and describes it by the value', () => {
    const shown = field()
    const button = shown.get('button')
    expect(button.attributes('aria-label')).toBe('Copy: Host')
    const value = button.attributes('aria-describedby')
    expect(shown.get(`[id="${value}"]`).text()).toBe('mx.x.org')
  })

  it('keeps a hidden label for those who hear it', () => {
    const label = field({ hideLabel: true }).get('.label')
    expect(label.classes()).toContain('visually-hidden')
    expect(label.text()).toBe('Host')
  })

  it('says that it has copied, for two seconds from the last click', async () => {
    const shown = field()
    const said = () => shown.get('[role=status]').text()
    expect(said()).toBe('')
    await shown.get('button').trigger('click')
    await flushPromises()
    expect(writeText).toHaveBeenCalledWith('mx.x.org')
    expect(said()).toBe('Copied')
    vi.advanceTimersByTime(1500)
    await shown.get('button').trigger('click')
    await flushPromises()
    vi.advanceTimersByTime(1500)
    await flushPromises()
    expect(said()).toBe('Copied')
    vi.advanceTimersByTime(500)
    await flushPromises()
    expect(said()).toBe('')
  })

  it('shows what to do when the browser does not allow it', async () => {
    writeText.mockRejectedValue(new Error('no'))
    const shown = field()
    await shown.get('button').trigger('click')
    await flushPromises()
    const said = shown.get('[role=status]')
    expect(said.text()).toContain('Select the text and copy it yourself')
    expect(said.classes()).not.toContain('visually-hidden')
  })

  it('leaves no clock behind', async () => {
    const shown = field()
    await shown.get('button').trigger('click')
    await flushPromises()
    shown.unmount()
    expect(vi.getTimerCount()).toBe(0)
  })
})
