import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ToastRegion, useToasts } from '.'

const toasts = useToasts()
let region: ReturnType<typeof mountRegion>

function mountRegion() {
  return mount(ToastRegion, { attachTo: document.body })
}

async function pass(ms: number) {
  await vi.advanceTimersByTimeAsync(ms)
}

function press(key: string) {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })
  ;(document.activeElement ?? document.body).dispatchEvent(event)
  return event
}

const texts = () => region.findAll('.toast p').map((one) => one.text())

beforeEach(async () => {
  vi.useFakeTimers()
  region = mountRegion()
  /* Vue takes no event that is as old as its listener. */
  await pass(1)
})

afterEach(() => {
  toasts.resume()
  toasts.items.map((item) => item.id).forEach(toasts.dismiss)
  region.unmount()
  vi.useRealTimers()
})

describe('ToastRegion', () => {
  it('is a named region whose additions are spoken', async () => {
    expect(region.attributes('aria-label')).toBe('Messages (F8)')
    expect(region.get('ol').attributes('aria-live')).toBe('polite')
    toasts.show({ tone: 'ok', text: 'Saved' })
    await flushPromises()
    expect(texts()).toEqual(['Saved'])
  })

  it('shows four at most, the newest last', async () => {
    ;['1', '2', '3', '4', '5'].forEach((text) => toasts.show({ tone: 'ok', text }))
    await flushPromises()
    expect(texts()).toEqual(['2', '3', '4', '5'])
  })

  it('takes F8 to the newest message, and leaves it alone when there is none', async () => {
    expect(press('F8').defaultPrevented).toBe(false)
    toasts.show({ tone: 'ok', text: 'old' })
    toasts.show({ tone: 'ok', text: 'new' })
    await flushPromises()
    expect(press('F8').defaultPrevented).toBe(true)
    expect(document.activeElement?.closest('.toast')?.textContent).toContain('new')
  })

  it('stays while the focus is in it, and goes when it has left', async () => {
    toasts.show({ tone: 'ok', text: 'Saved' })
    await flushPromises()
    press('F8')
    await pass(60_000)
    expect(texts()).toEqual(['Saved'])
    ;(document.activeElement as HTMLElement).blur()
    await pass(5_000)
    expect(texts()).toEqual([])
  })

  it('stays while the pointer is on it', async () => {
    toasts.show({ tone: 'ok', text: 'Saved' })
    await flushPromises()
    await pass(3_000)
    await region.trigger('pointerenter')
    await region.trigger('pointerenter')
    await pass(60_000)
    await region.trigger('pointerleave')
    await pass(1_999)
    expect(texts()).toEqual(['Saved'])
    await pass(1)
    expect(texts()).toEqual([])
  })

  it('stays while the window is hidden', async () => {
    toasts.show({ tone: 'ok', text: 'Saved' })
    const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true)
    document.dispatchEvent(new Event('visibilitychange'))
    await pass(60_000)
    expect(texts()).toEqual(['Saved'])
    hidden.mockReturnValue(false)
    document.dispatchEvent(new Event('visibilitychange'))
    await pass(5_000)
    expect(texts()).toEqual([])
  })

  it('is dismissed by Escape, which reaches nothing else, and lets the others go on', async () => {
    const outside = vi.fn()
    document.body.addEventListener('keydown', outside)
    toasts.show({ tone: 'ok', text: 'old' })
    toasts.show({ tone: 'bad', text: 'new' })
    await flushPromises()
    press('F8')
    outside.mockClear()
    press('Escape')
    await flushPromises()
    expect(outside).not.toHaveBeenCalled()
    expect(texts()).toEqual(['old'])
    await pass(5_000)
    expect(texts()).toEqual([])
    document.body.removeEventListener('keydown', outside)
  })

  it('lets the others go on after the one with the focus was dismissed', async () => {
    toasts.show({ tone: 'ok', text: 'old' })
    toasts.show({ tone: 'ok', text: 'new' })
    await flushPromises()
    press('F8')
    await region.get('li:last-child [aria-label=Dismiss]').trigger('click')
    await flushPromises()
    expect(texts()).toEqual(['old'])
    await pass(5_000)
    expect(texts()).toEqual([])
  })

  it('runs an action once and stays until it is done, however long that takes', async () => {
    let finish = () => {}
    const run = vi.fn(() => new Promise<void>((done) => (finish = done)))
    toasts.show({ tone: 'ok', text: 'Deleted', action: { label: 'Undo', run } })
    await flushPromises()
    const undo = region.findAll('button').find((one) => one.text() === 'Undo')
    await region.trigger('pointerenter')
    await undo?.trigger('click')
    await undo?.trigger('click')
    await region.trigger('pointerleave')
    await pass(60_000)
    expect(run).toHaveBeenCalledOnce()
    expect(undo?.attributes('aria-busy')).toBe('true')
    expect(texts()).toEqual(['Deleted'])
    finish()
    await flushPromises()
    expect(texts()).toEqual([])
  })

  it('has longer for a message with an action, and as long as it is told', async () => {
    toasts.show({ tone: 'ok', text: 'undo', action: { label: 'Undo', run: () => {} } })
    toasts.show({ tone: 'ok', text: 'long', seconds: 30 })
    toasts.show({ tone: 'ok', text: 'plain' })
    await pass(5_000)
    expect(texts()).toEqual(['undo', 'long'])
    await pass(5_000)
    expect(texts()).toEqual(['long'])
    await pass(20_000)
    expect(texts()).toEqual([])
  })

  it('comes above a dialog that opened since, for each new message', async () => {
    const element = region.element as HTMLElement
    let open = false
    const matches = element.matches.bind(element)
    element.matches = (what: string) => (what === ':popover-open' ? open : matches(what))
    element.showPopover = vi.fn(() => void (open = true))
    element.hidePopover = vi.fn(() => void (open = false))
    const id = toasts.show({ tone: 'ok', text: 'one' })
    await flushPromises()
    toasts.show({ tone: 'ok', text: 'two' })
    await flushPromises()
    expect(element.showPopover).toHaveBeenCalledTimes(2)
    expect(element.hidePopover).toHaveBeenCalledTimes(1)
    toasts.dismiss(id)
    await flushPromises()
    expect(element.hidePopover).toHaveBeenCalledTimes(1)
    await pass(5_000)
    expect(open).toBe(false)
  })

  it('hears nothing when it is gone', async () => {
    region.unmount()
    toasts.show({ tone: 'ok', text: 'Saved' })
    await flushPromises()
    expect(press('F8').defaultPrevented).toBe(false)
  })
})
