import type { Page } from '@playwright/test'
import { expect, open, shoot, test } from './harness'
import { field, text } from './texts'
import { unique, world } from './world'

const PASSWORD = 'typed-by-hand-7Kq!'

function stored(page: Page): Promise<string> {
  return page.evaluate(() => JSON.stringify({ ...sessionStorage }))
}

function notice(page: Page) {
  return page.getByRole('status').filter({ hasText: text('shell.draft.title') })
}

/* The browser asks before it reloads a page with unsaved input; here it is answered. */
function reload(page: Page): Promise<unknown> {
  page.once('dialog', (dialog) => void dialog.accept())
  return page.reload()
}

test('a reload keeps what was typed, but no password', async ({ page }) => {
  const address = `${unique('kept')}@flows.test`
  await open(page, '/identities?new=account')
  const drawer = page.getByRole('dialog')
  await field(drawer, 'identities.field.address').fill(address)
  await field(drawer, 'identities.field.first_name').fill('Kept')
  await field(drawer, 'identities.field.password').fill(PASSWORD)
  expect(await stored(page)).toContain(address)
  expect(await stored(page)).not.toContain(PASSWORD)

  await reload(page)
  await expect(notice(page)).toBeVisible()
  await expect(field(drawer, 'identities.field.address')).toHaveValue(address)
  await expect(field(drawer, 'identities.field.first_name')).toHaveValue('Kept')
  await expect(field(drawer, 'identities.field.password')).not.toHaveValue(PASSWORD)
  await shoot(page, 'draft-restored')

  await drawer.getByRole('button', { name: text('identities.create'), exact: true }).click()
  await expect(page.getByText(text('identities.created.done', { address }))).toBeVisible()
  expect(await stored(page)).not.toContain('roost.draft')
})

test('what was restored is discarded with one press', async ({ page }) => {
  await open(page, `/identities?account=${world.user.pk}`)
  const input = field(page.getByRole('dialog'), 'identities.field.first_name')
  const before = await input.inputValue()
  await input.fill('Not meant')
  await reload(page)
  await expect(input).toHaveValue('Not meant')
  await notice(page)
    .getByRole('button', { name: text('shell.draft.discard') })
    .click()
  await expect(input).toHaveValue(before)
  await expect(notice(page)).toHaveCount(0)
  expect(await stored(page)).not.toContain('roost.draft')
})

test('what somebody else has changed meanwhile is shown beside what was restored', async ({
  page,
  rest,
}) => {
  const { pk } = await rest.post<{ pk: number }>('/api/v1/accounts/', {
    username: `${unique('draft')}@flows.test`,
    role: 'SimpleUsers',
    password: world.user.password,
    first_name: 'Before',
  })
  await open(page, `/identities?account=${pk}`)
  const drawer = page.getByRole('dialog')
  const input = field(drawer, 'identities.field.first_name')
  await input.fill('Mine')
  await rest.call('PATCH', `/api/v1/accounts/${pk}/`, { first_name: 'Other' })
  await reload(page)
  await expect(drawer.getByText(text('identities.conflict.title'))).toBeVisible()
  await expect(drawer.getByText('Other', { exact: true }).first()).toBeVisible()
  await expect(input).toHaveValue('Mine')
})

test('a reload keeps what was typed for a new token', async ({ page }) => {
  await open(page, '/account/tokens')
  const create = page.getByRole('main').getByRole('button', { name: text('account.tokens.create') })
  const name = field(page.getByRole('dialog'), 'account.tokens.name')
  await create.first().click()
  await name.fill('Nightly report')
  expect(await stored(page)).toContain('Nightly report')
  await reload(page)
  await create.first().click()
  await expect(notice(page)).toBeVisible()
  await expect(name).toHaveValue('Nightly report')
  await page
    .getByRole('dialog')
    .getByRole('button', { name: text('account.cancel'), exact: true })
    .click()
  expect(await stored(page)).not.toContain('roost.draft')
})

test('a reload keeps the address that was typed for an account', async ({ page }) => {
  const address = `${unique('more')}@flows.test`
  await open(page, `/identities?account=${world.user.pk}&tab=addresses`)
  const drawer = page.getByRole('dialog')
  const input = field(drawer, 'identities.addresses.new')
  await input.fill(address)
  await reload(page)
  await expect(notice(page)).toBeVisible()
  await expect(input).toHaveValue(address)
  await drawer.getByRole('button', { name: text('identities.addresses.add'), exact: true }).click()
  await expect(drawer.getByRole('button', { name: address, exact: true })).toBeVisible()
  await expect(input).toHaveValue('')
  expect(await stored(page)).not.toContain('roost.draft')
})
