import type { Page } from '@playwright/test'
import { field, text } from './texts'
import { world } from './world'

/** What a reader can have before the eyes: a page, and what may be open on it. */
export interface Sight {
  name: string
  path: string
  /** Shows what loading looks like, so it never ends. */
  isRestless?: boolean
  /** A bar floats over rows, which can be scrolled from under it: how much of them is free says nothing. */
  isCovered?: boolean
  /** Without a session. */
  isPublic?: boolean
  /** Opens a menu, a drawer, a dialog. */
  reveal?: (page: Page) => Promise<void>
}

/* Behind what is opened a few rows do: fifty more of the same tell nothing new and cost seconds. */
const FEW = 'user@'

async function openRowMenu(page: Page): Promise<void> {
  await page.getByRole('row').nth(1).getByRole('button').last().click()
  await page.getByRole('menu').waitFor()
}

async function selectPage(page: Page): Promise<void> {
  await page.getByRole('row').nth(1).getByRole('checkbox').check()
  await page.getByRole('region', { name: text('kit.bulk.label') }).waitFor()
}

export const SIGHTS: Sight[] = [
  { name: 'login', path: '/login', isPublic: true },
  { name: 'dashboard', path: '/' },
  { name: 'domains', path: '/domains' },
  { name: 'domains-menu', path: '/domains?search=wrong', reveal: openRowMenu },
  { name: 'domains-selected', path: '/domains?search=wrong', isCovered: true, reveal: selectPage },
  { name: 'domains-none', path: '/domains?search=nothing-like-this' },
  { name: 'domain-new', path: '/domains/new' },
  {
    name: 'domain-review',
    path: '/domains/new',
    reveal: async (page) => {
      await field(page, 'domains.field.name').fill('review.test')
      await page.getByRole('button', { name: text('domains.paste.add') }).click()
      await field(page, 'domains.paste.label').fill('one, First Person\ntwo\nnot right at all@')
      await page.getByRole('button', { name: text('domains.new.review') }).click()
      await page.getByRole('table').waitFor()
    },
  },
  { name: 'domain', path: `/domains/${world.domains['flows.test']}` },
  { name: 'domain-dns', path: `/domains/${world.domains['wrong.test']}/dns` },
  { name: 'domain-identities', path: `/domains/${world.domains['flows.test']}/identities` },
  { name: 'domain-aliases', path: `/domains/${world.domains['flows.test']}/aliases` },
  {
    name: 'domain-delete',
    path: `/domains?search=flows.test`,
    reveal: async (page) => {
      await openRowMenu(page)
      await page.getByRole('menuitem', { name: text('domains.delete.action') }).click()
      await page.getByRole('alertdialog').waitFor()
    },
  },
  { name: 'identities', path: '/identities' },
  { name: 'identities-menu', path: `/identities?search=${FEW}`, reveal: openRowMenu },
  {
    name: 'identities-selected',
    path: `/identities?search=${FEW}`,
    isCovered: true,
    reveal: selectPage,
  },
  { name: 'account', path: `/identities?search=${FEW}&account=${world.user.pk}` },
  {
    name: 'account-mailbox',
    path: `/identities?search=${FEW}&account=${world.user.pk}&tab=mailbox`,
  },
  {
    name: 'account-addresses',
    path: `/identities?search=${FEW}&account=${world.user.pk}&tab=addresses`,
  },
  {
    name: 'account-security',
    path: `/identities?search=${FEW}&account=${world.user.pk}&tab=security`,
  },
  { name: 'account-new', path: `/identities?search=${FEW}&new=account` },
  { name: 'alias', path: `/identities?search=${FEW}&alias=${world.alias.pk}` },
  { name: 'alias-new', path: `/identities?search=${FEW}&new=alias` },
  { name: 'quotas', path: '/quotas' },
  { name: 'operations', path: '/operations' },
  { name: 'me', path: '/account' },
  { name: 'me-password', path: '/account/password' },
  { name: 'me-sessions', path: '/account/sessions' },
  { name: 'me-tokens', path: '/account/tokens' },
  { name: 'not-found', path: '/no/such/page' },
  {
    name: 'palette',
    path: `/quotas?search=${FEW}`,
    reveal: async (page) => {
      await page.keyboard.press('ControlOrMeta+k')
      await page.getByRole('dialog').waitFor()
      await page.keyboard.insertText('seed')
      await page.getByRole('dialog').getByRole('option').first().waitFor()
    },
  },
  {
    name: 'shortcuts',
    path: `/quotas?search=${FEW}`,
    reveal: async (page) => {
      await page.keyboard.press('?')
      await page.getByRole('dialog').waitFor()
    },
  },
  {
    name: 'me-menu',
    path: `/quotas?search=${FEW}`,
    reveal: async (page) => {
      await page.getByRole('banner').getByRole('button').last().click()
      await page.getByText(text('shell.me.logout')).waitFor()
    },
  },
  { name: 'kit', path: '/dev/kit', isRestless: true },
]
