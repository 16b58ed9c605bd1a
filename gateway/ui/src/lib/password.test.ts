import { afterEach, describe, expect, it, vi } from 'vitest'
import { generatePassword, randomBelow } from './password'

afterEach(() => {
  vi.restoreAllMocks()
})

function wordsFrom(words: number[]) {
  return vi.spyOn(crypto, 'getRandomValues').mockImplementation((array) => {
    ;(array as unknown as Uint32Array)[0] = words.shift()!
    return array
  })
}

describe('randomBelow', () => {
  it('throws away words of the incomplete round at the end', () => {
    const spy = wordsFrom([0xffffffff, 4294967290, 13])
    expect(randomBelow(10)).toBe(3)
    expect(spy).toHaveBeenCalledTimes(3)
  })

  it('takes the last word of the last complete round', () => {
    wordsFrom([4294967289])
    expect(randomBelow(10)).toBe(9)
  })

  it('never throws away anything where rounds come out even', () => {
    const spy = wordsFrom([0xffffffff])
    expect(randomBelow(256)).toBe(255)
    expect(spy).toHaveBeenCalledTimes(1)
  })

  it('gives each number about as often as the others', () => {
    const counts = new Array<number>(56).fill(0)
    for (let i = 0; i < 56_000; i++) {
      counts[randomBelow(56)]!++
    }
    expect(Math.min(...counts)).toBeGreaterThan(800)
    expect(Math.max(...counts)).toBeLessThan(1200)
  })
})

describe('generatePassword', () => {
  it('satisfies a policy of both cases, a digit and a special character', () => {
    for (let i = 0; i < 500; i++) {
      const password = generatePassword()
      expect(password).toMatch(/^[A-Za-z2-9]{4}(-[A-Za-z2-9]{4}){3}$/)
      expect(password).toMatch(/[a-z]/)
      expect(password).toMatch(/[A-Z]/)
      expect(password).toMatch(/[2-9]/)
      expect(password).not.toMatch(/[0O1lIo]/)
    }
  })

  it('does not repeat itself', () => {
    const made = new Set(Array.from({ length: 1000 }, generatePassword))
    expect(made.size).toBe(1000)
  })
})
