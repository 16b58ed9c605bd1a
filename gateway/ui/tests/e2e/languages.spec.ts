import { expect, open, overflow, settled, shoot, test } from './harness'
import { SIGHTS } from './pages'

const SHOWN = [
  'dashboard',
  'domains',
  'domain-new',
  'domain-dns',
  'identities',
  'account',
  'quotas',
  'operations',
  'me',
]
const LANGUAGES = [
  { language: 'en-XA', dir: 'ltr', what: 'texts 40 % longer' },
  { language: 'ar-XB', dir: 'rtl', what: 'right to left' },
]

for (const { language, dir, what } of LANGUAGES) {
  test.describe(what, () => {
    test.use({ width: 320 })
    test('every page fits into 320 px', async ({ page }) => {
      await page.addInitScript((tag) => localStorage.setItem('roost.language', tag), language)
      for (const sight of SIGHTS.filter((one) => SHOWN.includes(one.name))) {
        await test.step(sight.name, async () => {
          await open(page, sight.path)
          await settled(page)
          await expect.soft(page.locator('html')).toHaveAttribute('dir', dir)
          expect.soft(await overflow(page), `${sight.name} is wider than the window`).toBe('')
          await shoot(page, `${sight.name}-320-${language}`)
        })
      }
    })
  })
}

test('German and French are shown, and the language is changed without loading the page anew', async ({
  page,
}) => {
  await open(page, '/domains')
  const before = await page.evaluate(() => performance.timeOrigin)
  await page.getByRole('banner').getByRole('button').last().click()
  for (const [language, lang] of [
    ['Deutsch', 'de'],
    ['Français', 'fr'],
    ['English', 'en'],
  ] as const) {
    await page
      .locator('select')
      .filter({ hasText: 'Deutsch' })
      .first()
      .selectOption({ label: language })
    await expect(page.locator('html')).toHaveAttribute('lang', lang)
  }
  expect(await page.evaluate(() => performance.timeOrigin)).toBe(before)
})
