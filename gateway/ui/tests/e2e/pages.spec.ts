import type { Page } from '@playwright/test'
import { findings } from './axe'
import { expect, overflow, settled, shoot, test } from './harness'
import { SIGHTS, type Sight } from './pages'

const WIDTHS = [1280, 320]
const MAX_SHIFT = 0.02

async function rest(page: Page, sight: Sight): Promise<void> {
  await (sight.isRestless ? page.locator('h1').first().waitFor() : settled(page))
}

/* One tab shows both widths, which spares a second process; each time it loads the page as on a first visit, with nothing
 * in its cache and nothing stored. */
async function forgetBetweenLoads(page: Page): Promise<void> {
  const browser = await page.context().newCDPSession(page)
  await browser.send('Network.setCacheDisabled', { cacheDisabled: true })
  await page.addInitScript(() => {
    if (location.protocol !== 'about:') {
      localStorage.clear()
      sessionStorage.clear()
    }
  })
}

async function look(page: Page, sight: Sight, width: number): Promise<void> {
  await page.goto('about:blank')
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize({ width, height: width < 640 ? 740 : 900 })
  await page.goto(sight.path)
  await rest(page, sight)
  await test.step(`${width} px: layout shift at most ${MAX_SHIFT}`, async () => {
    const { shift, shifts } = await page.evaluate(() => ({
      shift: window.roostShift,
      shifts: window.roostShifts,
    }))
    expect.soft(shift, shifts.join('\n')).toBeLessThanOrEqual(MAX_SHIFT)
  })
  await sight.reveal?.(page)
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: scheme })
    await rest(page, sight)
    await test.step(`${width} px: axe, ${scheme}`, async () => {
      expect
        .soft(await findings(page, sight, scheme), `${sight.name}, ${scheme}, ${width} px`)
        .toEqual([])
    })
    await shoot(page, `${sight.name}-${width}-${scheme}`)
  }
  await test.step(`${width} px: no scrolling sideways`, async () => {
    expect.soft(await overflow(page)).toBe('')
  })
}

for (const sight of SIGHTS) {
  test.describe(sight.name, () => {
    if (sight.isPublic) {
      test.use({ storageState: { cookies: [], origins: [] } })
    }
    test('is accessible, holds still and fits', async ({ page }) => {
      await forgetBetweenLoads(page)
      for (const width of WIDTHS) {
        await look(page, sight, width)
      }
    })
  })
}
