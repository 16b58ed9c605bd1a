import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test as base, type Page } from '@playwright/test'
import { Hand } from './hand'
import { Rest } from './rest'
import { world } from './world'

/** What a page did that it must not do. */
export interface Watch {
  violations: string[]
  errors: string[]
  foreign: string[]
}

declare global {
  interface Window {
    /** How far the page has jumped, and what did. */
    roostShift: number
    roostShifts: string[]
    pwned?: number
  }
}

interface Shift extends PerformanceEntry {
  value: number
  hadRecentInput: boolean
  sources: { node: Node | null }[]
}

/* The browser itself reports answers of 4xx and 5xx; a test that provokes them says so. */
const ANSWER = /^Failed to load resource: the server responded with a status of [45]\d\d|net::ERR_/

async function watch(page: Page): Promise<Watch> {
  const seen: Watch = { violations: [], errors: [], foreign: [] }
  await page.addInitScript(() => {
    window.roostShift = 0
    window.roostShifts = []
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(
        `CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`,
      )
    })
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as Shift[]) {
        if (!entry.hadRecentInput) {
          const names = entry.sources.map(({ node }) =>
            node instanceof Element ? `${node.tagName}.${node.className}` : `${node?.nodeValue}`,
          )
          window.roostShift += entry.value
          window.roostShifts.push(
            `${entry.value.toFixed(3)}: ${names.map((name) => name.slice(0, 90)).join(' | ')}`,
          )
        }
      }
    }).observe({ type: 'layout-shift', buffered: true })
  })
  page.on('console', (message) => {
    if (message.text().startsWith('CSP: ')) {
      seen.violations.push(message.text())
    } else if (message.type() === 'error' || message.type() === 'warning') {
      seen.errors.push(message.text())
    }
  })
  page.on('pageerror', (error) => seen.errors.push(error.stack ?? error.message))
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(world.url + '/') && !/^(data|blob|about):/.test(url)) {
      seen.foreign.push(url)
    }
  })
  return seen
}

interface Options {
  width: number
  by: 'mouse' | 'keyboard'
  /** Answers of 4xx and 5xx are what the test is about. */
  provokes: boolean
}

interface Tools {
  watched: Watch
  hand: Hand
}

interface Shared {
  rest: Rest
}

export const test = base.extend<Options & Tools, Shared>({
  width: [1280, { option: true }],
  by: ['mouse', { option: true }],
  provokes: [false, { option: true }],
  baseURL: world.url,
  viewport: async ({ width }, use) => use({ width, height: width < 640 ? 740 : 900 }),
  contextOptions: { reducedMotion: 'reduce' },
  permissions: ['clipboard-read', 'clipboard-write'],
  rest: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const rest = await Rest.login()
      await use(rest)
      await rest.dispose()
    },
    { scope: 'worker' },
  ],
  storageState: async ({ rest }, use) => use(await rest.storageState()),
  watched: [
    async ({ page, provokes }, use) => {
      const seen = await watch(page)
      await use(seen)
      const errors = seen.errors.filter((text) => !provokes || !ANSWER.test(text))
      expect.soft(seen.violations, 'violations of the content security policy').toEqual([])
      expect.soft(errors, 'errors and warnings on the console').toEqual([])
      expect.soft(seen.foreign, 'requests to other hosts').toEqual([])
    },
    { auto: true },
  ],
  hand: async ({ page, by }, use) => use(new Hand(page, by)),
})

export { expect }

/** Waits until the page has its heading, nothing is loading and nothing moves any more. */
export async function settled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor()
  await page.waitForFunction(
    () =>
      document.querySelector('[aria-busy=true], .skeleton') === null &&
      document.getAnimations().every((animation) => animation.playState !== 'running'),
  )
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)))
}

export async function open(page: Page, path: string): Promise<void> {
  await page.goto(path)
  await settled(page)
}

/** By how much the page is wider than its window, and which elements reach out; '' if it fits. */
export function overflow(page: Page): Promise<string> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement
    if (scrollWidth <= clientWidth) {
      return ''
    }
    const out = [...document.querySelectorAll('body *')].filter((one) => {
      const { left, right, width } = one.getBoundingClientRect()
      return width > 0 && (right > clientWidth + 1 || left < -1)
    })
    const names = out
      .slice(0, 8)
      .map(
        (one) =>
          `${one.tagName.toLowerCase()}.${one.className}: ${one.textContent?.trim().slice(0, 30)}`,
      )
    return `${scrollWidth} px of ${clientWidth}: ${names.join(' | ')}`
  })
}

const SHOTS = process.env.ROOST_E2E_SHOTS ?? 'dist-shots'

export async function shoot(page: Page, name: string): Promise<void> {
  mkdirSync(SHOTS, { recursive: true })
  await page.screenshot({ path: join(SHOTS, name + '.png') })
}
