import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { expect, overflow, settled, shoot, test } from './harness'
import { SIGHTS, type Sight } from './pages'

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
/* Dark has the same elements as light: only what depends on colours is looked at again. */
const COLOUR_RULES = ['color-contrast', 'link-in-text-block']
const MAX_SHIFT = 0.02

async function rest(page: Page, sight: Sight): Promise<void> {
  await (sight.isRestless ? page.locator('h1').first().waitFor() : settled(page))
}

async function findings(page: Page, sight: Sight, scheme: 'light' | 'dark'): Promise<string[]> {
  const axe = new AxeBuilder({ page }).disableRules(sight.isCovered ? ['target-size'] : [])
  const { violations } = await (
    scheme === 'light' ? axe.withTags(TAGS) : axe.withRules(COLOUR_RULES)
  ).analyze()
  return violations.flatMap((one) =>
    one.nodes.map((node) => `${one.id}: ${node.target.join(' ')}: ${node.failureSummary}`),
  )
}

for (const width of [1280, 320]) {
  test.describe(`${width} px`, () => {
    test.use({ width })
    for (const sight of SIGHTS) {
      test.describe(sight.name, () => {
        if (sight.isPublic) {
          test.use({ storageState: { cookies: [], origins: [] } })
        }
        test('is accessible, holds still and fits', async ({ page }) => {
          await page.goto(sight.path)
          await rest(page, sight)
          await test.step(`layout shift at most ${MAX_SHIFT}`, async () => {
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
            await test.step(`axe, ${scheme}`, async () => {
              expect
                .soft(await findings(page, sight, scheme), `${sight.name}, ${scheme}, ${width} px`)
                .toEqual([])
            })
            await shoot(page, `${sight.name}-${width}-${scheme}`)
          }
          await test.step('no scrolling sideways', async () => {
            expect.soft(await overflow(page)).toBe('')
          })
        })
      })
    }
  })
}
