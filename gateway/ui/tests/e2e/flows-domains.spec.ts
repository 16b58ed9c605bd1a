import { expect, open, settled, test } from './harness'
import { field, text } from './texts'
import { eachWay } from './variants'
import { unique, world } from './world'

eachWay(() => {
  test('create a domain: 2', async ({ page, hand, rest }) => {
    const name = `${unique('plain')}.test`
    await open(page, '/')
    await hand.press(page.getByRole('link', { name: text('domains.new.action') }).first())
    await hand.type(field(page, 'domains.field.name'), name)
    await hand.press(page.getByRole('button', { name: text('domains.new.create'), exact: true }))
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(name)
    await expect(page).toHaveURL(/\/domains\/\d+\/dns/)
    expect(hand.clicks).toBeLessThanOrEqual(2)
    const found = await rest.get<{ name: string }[]>(`/api/v1/domains/?search=${name}`)
    expect(found.map((domain) => domain.name)).toEqual([name])
  })

  test('create a domain with 10 mailboxes: 4', async ({ page, hand, rest }) => {
    const name = `${unique('ten')}.test`
    const lines = Array.from({ length: 10 }, (_, at) => `user${at}, User Number${at}`)
    await open(page, '/')
    await hand.press(page.getByRole('link', { name: text('domains.new.action') }).first())
    await hand.type(field(page, 'domains.field.name'), name)
    await hand.press(page.getByRole('button', { name: text('domains.paste.add') }))
    await hand.type(field(page, 'domains.paste.label'), lines.join('\n'))
    await hand.press(page.getByRole('button', { name: text('domains.new.review') }))
    await hand.press(page.getByRole('button', { name: text('domains.review.create', { n: 11 }) }))
    await expect(page.getByText(text('domains.result.all', { n: 10 }, 10))).toBeVisible({
      timeout: 60_000,
    })
    expect(hand.clicks).toBeLessThanOrEqual(4)
    const made = await rest.get<unknown[]>(`/api/v1/accounts/?domain=${name}`)
    expect(made.length).toBe(10)
    const first = page
      .getByRole('row')
      .filter({ hasText: `user0@${name}` })
      .last()
    await expect(first).toBeVisible()
    await page.getByRole('checkbox', { name: text('domains.result.kept') }).check()
  })

  test('why is DNS red, and the fix copied: 2 and the copy', async ({ page, hand }) => {
    await open(page, '/')
    await hand.press(
      page
        .getByRole('main')
        .getByRole('link', { name: /wrong\.test/ })
        .first(),
    )
    await settled(page)
    await expect(page).toHaveURL(new RegExp(`/domains/${world.domains['wrong.test']}/dns`))
    const records = page.getByRole('table', { name: text('domains.dns.records', { type: 'MX' }) })
    await expect(records).toContainText('mx.others.test')
    await expect(records).toContainText('mx.ours.test')
    expect(hand.clicks).toBeLessThanOrEqual(2)
    const copy = text('kit.copy.what', { what: text('domains.dns.column.expected') })
    await hand.press(records.getByRole('button', { name: copy }).first())
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^mx\.ours\.test\.?$/)
  })

  test('find anything by Ctrl+K: 0', async ({ page, hand }) => {
    await open(page, '/')
    const entries: [string, RegExp, RegExp][] = [
      ['wrong.test', /wrong\.test/, new RegExp(`/domains/${world.domains['wrong.test']}`)],
      ['user@flows', /user@flows\.test/, /account=\d+/],
      ['team@flows', /team@flows\.test/, /alias=\d+/],
      [text('shell.section.quotas'), new RegExp(text('shell.section.quotas')), /\/quotas/],
    ]
    for (const [typed, entry, url] of entries) {
      await page.keyboard.press('ControlOrMeta+k')
      await page
        .getByRole('dialog')
        .getByRole('textbox')
        .or(page.getByRole('dialog').getByRole('combobox'))
        .first()
        .waitFor()
      await page.keyboard.insertText(typed)
      await expect(page.getByRole('option', { name: entry }).first()).toHaveAttribute(
        'data-highlighted',
        '',
      )
      await page.keyboard.press('Enter')
      await expect(page).toHaveURL(url)
      await settled(page)
      await page.keyboard.press('Escape')
    }
    expect(hand.clicks).toBe(0)
  })
})
