import type { Page } from '@playwright/test'
import { expect, open, settled, shoot, test } from './harness'
import { field, pattern, text } from './texts'
import { takeDown, unique, world } from './world'

test.use({ provokes: true })

async function newAccount(page: Page, address: string): Promise<void> {
  await open(page, '/identities?new=account')
  const drawer = page.getByRole('dialog')
  await field(drawer, 'identities.field.address').fill(address)
}

test('an error of the server appears at the field that it names', async ({ page }) => {
  await newAccount(page, world.user.username)
  const drawer = page.getByRole('dialog')
  await drawer.getByRole('button', { name: text('identities.create'), exact: true }).click()
  const input = field(drawer, 'identities.field.address')
  await expect(input).toHaveAttribute('aria-invalid', 'true')
  const described = (await input.getAttribute('aria-describedby')) ?? ''
  const words = await Promise.all(
    described
      .split(' ')
      .filter(Boolean)
      .map((id) => page.locator(`[id="${id}"]`).textContent()),
  )
  expect(words.join(' ')).toMatch(/already|exists|taken/i)
  await expect(input).toHaveValue(world.user.username)
  await shoot(page, 'fault-field')
})

test('a session that ends keeps what was typed', async ({ page, context }) => {
  const address = `${unique('expired')}@flows.test`
  /* The domains that fit what is typed: asked for later, they would be the ones to meet the end of the session. */
  const suggestions = page.waitForResponse(
    (answer) => new URL(answer.url()).searchParams.get('search') === 'flows.test',
  )
  await newAccount(page, address)
  await suggestions
  await context.clearCookies()
  await page
    .getByRole('dialog')
    .getByRole('button', { name: text('identities.create'), exact: true })
    .click()
  const again = page.getByRole('alertdialog', { name: text('shell.relogin.title') })
  await again.locator('input[type=password]').fill(world.admin.password)
  await shoot(page, 'fault-session')
  await again.getByRole('button', { name: text('shell.relogin.submit') }).click()
  await expect(page.getByText(text('identities.created.done', { address }))).toBeVisible()
})

test('a service that is down is told calmly, and the page recovers by itself', async ({ page }) => {
  await open(page, '/quotas')
  const bring = takeDown('quotas')
  try {
    await page.goto('/quotas')
    await expect(
      page
        .getByText(text('quotas.failed'))
        .or(page.getByText(pattern('shell.connection.degraded.title')))
        .first(),
    ).toBeVisible({ timeout: 60_000 })
    await expect(page.getByText(/UNAVAILABLE|undefined|NaN|\[object/)).toHaveCount(0)
    await shoot(page, 'fault-service')
  } finally {
    bring()
  }
  await expect(page.getByRole('row').nth(1)).toContainText('@', { timeout: 60_000 })
  await settled(page)
})

test('the gateway is away: said once, nothing lost, and back by itself', async ({ page }) => {
  await open(page, '/domains/new')
  await field(page, 'domains.field.name').fill('kept-while-away.test')
  const bring = takeDown('gateway')
  try {
    await page.getByRole('button', { name: text('domains.new.create'), exact: true }).click()
    await expect(
      page
        .getByText(pattern('shell.connection.unreachable.title'))
        .or(page.getByText(text('domains.new.notMade')))
        .first(),
    ).toBeVisible({
      timeout: 60_000,
    })
  } finally {
    bring()
  }
  await expect(page.getByText(pattern('shell.connection.unreachable.title'))).toHaveCount(0, {
    timeout: 60_000,
  })
  await expect(field(page, 'domains.field.name')).toHaveValue('kept-while-away.test')
})

test('names that look like markup are only names', async ({ page }) => {
  for (const path of [
    '/identities?domain=hostile.test',
    `/identities?account=${world.hostile.pk}`,
    '/quotas?search=mallory',
    `/domains/${world.domains['hostile.test']}/identities`,
  ]) {
    await test.step(path, async () => {
      await open(page, path)
      await expect(page.getByText('mallory@hostile.test').first()).toBeVisible()
      expect(await page.evaluate(() => window.pwned)).toBeUndefined()
      expect(await page.locator('img[src=x]').count()).toBe(0)
    })
  }
  await test.step('the palette', async () => {
    await page.keyboard.press('ControlOrMeta+k')
    await expect(page.getByRole('dialog').locator('input')).toBeFocused()
    await page.keyboard.insertText('mallory')
    await expect(page.getByRole('option', { name: /mallory/ }).first()).toBeVisible()
    expect(await page.locator('img[src=x]').count()).toBe(0)
  })
})

test('a drawer whose code comes late does not cover the palette', async ({ page }) => {
  let release = () => {}
  const isReleased = new Promise<void>((done) => {
    release = done
  })
  await page.route('**/account-drawer-*.js', async (route) => {
    await isReleased
    await route.continue()
  })
  await open(page, `/identities?search=user@&account=${world.user.pk}`)
  await page.keyboard.press('ControlOrMeta+k')
  const palette = page.getByRole('dialog', { name: text('shell.palette.label') })
  await expect(palette.getByRole('combobox')).toBeFocused()
  release()
  await page.locator('dialog.drawer').waitFor({ state: 'attached' })
  await page.keyboard.insertText('wrong')
  await expect(palette.getByRole('option', { name: /wrong\.test/ }).first()).toHaveAttribute(
    'data-highlighted',
    '',
  )
  await page.keyboard.press('Escape')
  await expect(
    page.getByRole('dialog').filter({ hasText: world.user.username }).getByRole('tab').first(),
  ).toBeVisible()
})

test('two people change the same thing: both versions are shown, nothing typed is lost', async ({
  page,
  rest,
}) => {
  const username = `${unique('both')}@flows.test`
  const body = {
    username,
    role: 'SimpleUsers',
    password: world.user.password,
    first_name: 'Before',
  }
  const { pk } = await rest.post<{ pk: number }>('/api/v1/accounts/', body)
  await open(page, `/identities?account=${pk}`)
  const drawer = page.getByRole('dialog')
  const input = field(drawer, 'identities.field.first_name')
  await input.fill('Mine')
  expect(
    (await rest.call('PATCH', `/api/v1/accounts/${pk}/`, { first_name: 'Other' })).status,
  ).toBe(200)
  await drawer.getByRole('button', { name: text('identities.save'), exact: true }).click()
  await expect(drawer.getByText(text('identities.conflict.title'))).toBeVisible()
  await expect(drawer.getByText('Other', { exact: true }).first()).toBeVisible()
  await expect(input).toHaveValue('Mine')
  await shoot(page, 'fault-conflict')
  await drawer.getByRole('button', { name: text('identities.save'), exact: true }).click()
  await expect(page.getByText(text('identities.saved', { address: username }))).toBeVisible()
  expect((await rest.get<{ first_name: string }>(`/api/v1/accounts/${pk}/`)).first_name).toBe(
    'Mine',
  )
})
