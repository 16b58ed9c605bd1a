import type { Page } from '@playwright/test'
import { expect, open, settled, test } from './harness'
import { field, pattern, text } from './texts'
import { eachWay } from './variants'
import { unique, world } from './world'
import { Rest } from './rest'

interface Identity {
  address: string
  enabled: boolean
}

async function newAccount(rest: Rest, prefix: string): Promise<{ pk: number; address: string }> {
  const address = `${unique(prefix)}@flows.test`
  const body = { username: address, role: 'SimpleUsers', password: world.user.password }
  return { pk: (await rest.post<{ pk: number }>('/api/v1/accounts/', body)).pk, address }
}

async function goTo(page: Page, typed: string): Promise<void> {
  await page.keyboard.press('ControlOrMeta+k')
  await page.getByRole('dialog').waitFor()
  await page.keyboard.insertText(typed)
  await expect(page.getByRole('option', { name: new RegExp(typed) }).first()).toHaveAttribute(
    'data-highlighted',
    '',
  )
  await page.keyboard.press('Enter')
  await settled(page)
}

eachWay(() => {
  test('create an account: 2', async ({ page, hand, rest }) => {
    const address = `${unique('new')}@flows.test`
    await open(page, '/')
    await hand.press(page.getByRole('link', { name: text('identities.newAccount') }).first())
    const drawer = page.getByRole('dialog')
    await hand.type(field(drawer, 'identities.field.address'), address)
    await hand.press(drawer.getByRole('button', { name: text('identities.create'), exact: true }))
    await expect(drawer.getByText(text('identities.created.done', { address }))).toBeVisible()
    await expect(drawer.getByRole('row').filter({ hasText: address })).toBeVisible()
    expect(hand.clicks).toBeLessThanOrEqual(2)
    const [found] = await rest.get<Identity[]>(`/api/v1/identities/?search=${address}`)
    expect(found).toMatchObject({ address, enabled: true })
  })

  test('disable 50 accounts of one domain: 4', async ({ page, hand, rest, width }) => {
    const seeded = 1 + (width === 360 ? 1 : 0) + (hand.kind === 'mouse' ? 0 : 2)
    const domain = `seed${String(seeded).padStart(7, '0')}.test`
    await open(page, '/')
    await hand.press(
      page.getByRole('navigation').getByRole('link', { name: text('shell.section.identities') }),
    )
    await settled(page)
    await hand.type(page.getByRole('searchbox'), `domain:${domain} kind:account `)
    const all = page.getByRole('button', { name: text('identities.selectAll', { n: 50 }, 50) })
    await hand.press(all)
    await hand.press(
      page.getByRole('button', { name: text('identities.bulk.disable.action'), exact: true }),
    )
    const question = page.getByRole('alertdialog')
    await hand.press(
      question.getByRole('button', {
        name: text('identities.bulk.disable.confirm', { n: 50 }, 50),
      }),
    )
    await expect(
      page
        .getByText(text('identities.bulk.disable.done', { n: 50 }, 50))
        .filter({ visible: true })
        .first(),
    ).toBeVisible()
    expect(hand.clicks).toBeLessThanOrEqual(4)
    const left = await rest.get<Identity[]>(
      `/api/v1/identities/?domain=${domain}&kind=account&enabled=true`,
    )
    expect(left).toEqual([])
  })

  test('reset a password and hand it over once: 3', async ({ page, hand, rest }) => {
    const { address } = await newAccount(rest, 'reset')
    await open(page, '/')
    await goTo(page, address)
    const drawer = page.getByRole('dialog').filter({ hasText: address })
    await hand.press(
      drawer.getByRole('button', { name: text('identities.menu.label', { address }) }),
    )
    await hand.press(page.getByRole('menuitem', { name: text('identities.menu.reset') }))
    const dialog = page.getByRole('dialog', { name: text('identities.password.title') })
    await hand.press(dialog.getByRole('button', { name: text('identities.password.setAndCopy') }))
    await expect(dialog.getByRole('row').filter({ hasText: address })).toBeVisible()
    expect(hand.clicks).toBeLessThanOrEqual(3)
    const password = await page.evaluate(() => navigator.clipboard.readText())
    await expect(dialog.getByRole('row').filter({ hasText: address })).toContainText(password)
    await (await Rest.login({ username: address, password })).dispose()
    await dialog.getByRole('button', { name: text('identities.password.handedOver') }).click()
    await expect(page.getByText(password)).toHaveCount(0)
  })

  test('rename a mailbox and see the operation finish', async ({ page, hand, rest }) => {
    const { pk, address } = await newAccount(rest, 'old')
    const renamed = address.replace('old', 'renamed')
    await open(page, `/identities?account=${pk}`)
    const drawer = page.getByRole('dialog').filter({ hasText: address })
    await hand.press(drawer.getByRole('tab', { name: text('identities.tab.mailbox') }))
    await hand.type(field(drawer, 'identities.field.address'), renamed)
    await hand.press(
      page.getByRole('dialog').getByRole('button', { name: text('identities.save'), exact: true }),
    )
    await expect(page.getByText(pattern('identities.rename.done'))).toBeVisible({ timeout: 60_000 })
    await expect(page.getByRole('dialog').getByRole('heading', { name: renamed })).toBeVisible()
    await page.goto('/operations')
    await settled(page)
    const row = page
      .getByRole('row')
      .filter({ hasText: renamed })
      .or(page.getByRole('row').filter({ hasText: address }))
    await expect(row.first()).toContainText(text('operations.state.done'))
  })

  test('delete an account, and undo', async ({ page, hand, rest }) => {
    const { pk, address } = await newAccount(rest, 'gone')
    await open(page, `/identities?search=${encodeURIComponent(address)}`)
    await hand.press(page.getByRole('button', { name: text('identities.menu.label', { address }) }))
    await hand.press(page.getByRole('menuitem', { name: text('identities.menu.delete') }))
    await expect(page.getByText(text('identities.delete.done', { address }))).toBeVisible()
    expect((await rest.call('GET', `/api/v1/accounts/${pk}/`)).status).toBe(404)
    await hand.press(page.getByRole('button', { name: text('identities.undo') }))
    await expect(page.getByText(text('identities.delete.restored', { address }))).toBeVisible()
    await expect(page.getByRole('row').filter({ hasText: address })).toBeVisible()
    expect((await rest.call('GET', `/api/v1/accounts/${pk}/`)).status).toBe(200)
  })
})
