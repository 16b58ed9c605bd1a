import type { Page } from '@playwright/test'
import { expect, settled, shoot, test } from './harness'
import { Rest } from './rest'
import { text } from './texts'
import { world } from './world'

const PATHS = ['/', '/domains', '/identities', '/quotas', '/operations', '/account']
/* The h1 stands in the middle of its row, next to what can be done. */
const NEAR_PX = 4

function place(page: Page, selector: string) {
  return page.locator(selector).evaluate((one) => {
    const range = document.createRange()
    range.selectNodeContents(one)
    const { x, y } = range.getBoundingClientRect()
    return { text: one.textContent, x, y }
  })
}

/* Holds the program back until the head has been looked at, then compares it with the page's own. */
async function expectHeadInPlace(page: Page, path: string): Promise<void> {
  let release = () => {}
  const held = new Promise<void>((done) => {
    release = done
  })
  await page.route('**/assets/libraries-*.js', async (route) => {
    await held
    await route.continue()
  })
  await page.goto(path, { waitUntil: 'commit' })
  const early = await place(page, '#outline .title')
  const about = await place(page, '#outline .about')
  const { width } = page.viewportSize()!
  await shoot(page, `outline${path.replace('/', '-')}-${width}`)
  release()
  await settled(page)
  const late = await place(page, 'h1')
  await expect(page.locator('#outline')).toHaveCount(0)
  expect(early.text).toBe(late.text)
  expect(Math.abs(early.x - late.x), `${path}: aside`).toBeLessThanOrEqual(NEAR_PX)
  expect(Math.abs(early.y - late.y), `${path}: down`).toBeLessThanOrEqual(NEAR_PX)
  if (about.text) {
    const lateAbout = await place(page, '.page > header .heading > p')
    expect(about.text).toBe(lateAbout.text)
    expect(Math.abs(about.y - lateAbout.y), `${path}: below`).toBeLessThanOrEqual(NEAR_PX)
  }
  await page.unroute('**/assets/libraries-*.js')
}

for (const width of [360, 1280, 2200]) {
  test.describe(`${width} px`, () => {
    test.use({ width })
    test('the head of a page is there before the program, where it stays', async ({ page }) => {
      for (const path of PATHS) {
        await test.step(path, () => expectHeadInPlace(page, path))
      }
    })
  })
}

test('the early head speaks the chosen language and knows a narrow navigation', async ({
  page,
}) => {
  await page.addInitScript(() => {
    localStorage.setItem('roost.language', 'de')
    localStorage.setItem('roost.nav', 'off')
  })
  await expectHeadInPlace(page, '/quotas')
})

/* Opens a page that is not for this reader, and sees whether its head was ever there. */
async function expectNoHead(page: Page, path: string): Promise<void> {
  await page.addInitScript(() => {
    new MutationObserver(() => {
      if (document.getElementById('outline')) {
        sessionStorage.setItem('outline', 'seen')
      }
    }).observe(document, { childList: true, subtree: true })
  })
  await page.goto(path)
  await settled(page)
  expect(await page.evaluate(() => sessionStorage.getItem('outline'))).toBeNull()
}

test.describe('without a session', () => {
  test.use({ storageState: { cookies: [], origins: [] }, provokes: true })
  test('there is no early head before the login', async ({ page }) => {
    await expectNoHead(page, '/domains')
    expect(new URL(page.url()).pathname).toBe('/login')
  })
})

test('there is no early head of a page that one may not see', async ({ page, context }) => {
  const user = await Rest.login(world.user)
  await context.clearCookies()
  await context.addCookies((await user.storageState()).cookies)
  await user.dispose()
  await expectNoHead(page, '/domains')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(text('system.forbidden.title'))
})
