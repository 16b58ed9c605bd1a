import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { DiffView } from '.'
import { diff } from './diff'

function view(before: string, after: string, more: Record<string, unknown> = {}) {
  const shown = mount(DiffView, { props: { before, after, label: 'SPF', ...more } })
  const [old, now] = shown.findAll('.side')
  return { shown, old: old!, now: now! }
}

describe('DiffView', () => {
  it('is a named group of two texts', () => {
    const { shown, old, now } = view('a', 'b')
    expect(shown.attributes()).toMatchObject({ role: 'group', 'aria-label': 'SPF' })
    expect(old.get('.name').text()).toBe('Before')
    expect(now.get('.name').text()).toBe('After')
  })

  it('marks what goes in the one and what comes in the other', () => {
    const { old, now } = view('v=spf1 ~all', 'v=spf1 mx -all')
    expect(old.get('code').text()).toBe('v=spf1 ~all')
    expect(now.get('code').text()).toBe('v=spf1 mx -all')
    expect(old.findAll('del').map((one) => one.text())).toEqual(['~'])
    expect(
      now
        .findAll('ins')
        .map((one) => one.element.textContent)
        .join(''),
    ).toBe('mx -')
    expect(old.find('ins').exists() || now.find('del').exists()).toBe(false)
  })

  it('marks nothing where nothing differs', () => {
    expect(view('same', 'same').shown.find('del, ins').exists()).toBe(false)
  })

  it('says that there is nothing on a side, under the names it is given', () => {
    const { old, now } = view('', 'x', { beforeLabel: 'Published', afterLabel: 'Wanted' })
    expect(old.text()).toBe('Publishednothing')
    expect(now.get('ins').text()).toBe('x')
    expect(now.get('.name').text()).toBe('Wanted')
    expect(view('x', '').now.text()).toBe('Afternothing')
  })
})

describe('diff', () => {
  const apply = (before: string, after: string) => {
    const parts = diff(before, after)
    const without = (kind: string) =>
      parts
        .filter((part) => part.kind !== kind)
        .map((part) => part.text)
        .join('')
    return [without('added'), without('removed')]
  }

  it.each([
    ['', ''],
    ['', 'abc'],
    ['abc', ''],
    ['abcabba', 'cbabac'],
    ['a😀b', 'a😃b'],
    ['xaxbxc', 'abc'],
  ])('loses nothing between %j and %j', (before, after) => {
    expect(apply(before, after)).toEqual([before, after])
  })

  it('takes no character apart', () => {
    expect(diff('😀', '😃')).toEqual([
      { kind: 'removed', text: '😀' },
      { kind: 'added', text: '😃' },
    ])
  })

  it('shows very long texts as one replacement', () => {
    const [before, after] = ['ab'.repeat(1500), 'ba'.repeat(1500) + 'c']
    expect(diff(`<${before}`, `<${after}`)).toEqual([
      { kind: 'same', text: '<' },
      { kind: 'removed', text: before },
      { kind: 'added', text: after },
    ])
  })
})
