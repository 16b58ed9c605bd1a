import { afterEach, beforeEach, expect, it } from 'vitest'
import { watchTimes } from './exact-times'

const WHEN = '2024-03-10T12:00:00Z'
let stop: () => void

beforeEach(() => {
  const row = document.createElement('li')
  const button = document.createElement('button')
  const time = document.createElement('time')
  time.dateTime = WHEN
  row.append(button, time)
  document.body.replaceChildren(row)
  stop = watchTimes()
})
afterEach(() => stop())

const shown = () => document.querySelector('time')!

function point(pointerType: string): void {
  const event = new MouseEvent('pointerover', { bubbles: true })
  shown().dispatchEvent(Object.assign(event, { pointerType }))
}

it('tells when exactly, to those who point at it', () => {
  expect(shown().title).toBe('')
  point('touch')
  expect(shown().title).toBe('')
  point('mouse')
  expect(shown().title).toContain('2024')
})

it('follows a time that changes', () => {
  point('mouse')
  shown().dateTime = '2023-03-10T12:00:00Z'
  point('mouse')
  expect(shown().title).toContain('2023')
})

it('tells it to those who come to the row by keyboard', () => {
  document.querySelector('button')!.focus()
  expect(shown().title).toContain('2024')
})

it('ends', () => {
  stop()
  point('mouse')
  expect(shown().title).toBe('')
})
