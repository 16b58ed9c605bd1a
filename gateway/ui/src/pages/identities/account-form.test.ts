import { describe, expect, it } from 'vitest'
import { accountBody, accountFieldOf, accountForm, countByTab } from './account-form'
import { domainPart, newAccount, newAccountBody } from './account-form'
import type { Account } from './types'

const account: Account = {
  pk: 4,
  username: 'anna@example.org',
  first_name: 'Anna',
  last_name: 'Berg',
  is_active: true,
  master_user: false,
  role: 'SimpleUsers',
  language: 'en',
  phone_number: '',
  secondary_email: '',
  domains: [],
  mailbox: {
    pk: 9,
    full_address: 'anna@example.org',
    use_domain_quota: true,
    quota: 1024,
    quota_usage: 10,
  },
  date_joined: null,
  last_login: null,
  last_modification: null,
  etag: '1',
  email: 'anna@example.org',
}

describe('accountForm', () => {
  it('shows a quota only where the mailbox has one of its own', () => {
    expect(accountForm(account)).toMatchObject({ own_quota: false, quota: null })
    const own = { ...account.mailbox!, use_domain_quota: false }
    expect(accountForm({ ...account, mailbox: own })).toMatchObject({ quota: 1024 })
    const unlimited = { ...own, quota: 0 }
    expect(accountForm({ ...account, mailbox: unlimited })).toMatchObject({ quota: null })
    expect(accountForm({ ...account, mailbox: null })).toMatchObject({ address: '' })
  })
})

describe('accountBody', () => {
  const form = accountForm(account)

  it('sends what was changed and nothing else', () => {
    expect(accountBody({ first_name: ' Anne ' }, form)).toEqual({ first_name: 'Anne' })
    expect(accountBody({}, form)).toEqual({})
  })

  it('nests what belongs to the mailbox', () => {
    expect(accountBody({ address: 'anne@example.org ' }, form)).toEqual({
      mailbox: { full_address: 'anne@example.org' },
    })
  })

  it('says 0 for an unlimited quota', () => {
    const own = { ...form, own_quota: true, quota: null }
    expect(accountBody({ own_quota: true }, own)).toEqual({
      mailbox: { use_domain_quota: false, quota: 0 },
    })
    expect(accountBody({ quota: 5 }, { ...own, quota: 5 })).toEqual({
      mailbox: { use_domain_quota: false, quota: 5 },
    })
  })

  it('goes back to the quota of the domain', () => {
    expect(accountBody({ own_quota: false, quota: null }, form)).toEqual({
      mailbox: { use_domain_quota: true },
    })
  })
})

describe('faults', () => {
  it('find their field and their tab', () => {
    const form = accountForm(account)
    expect(accountFieldOf('mailbox.full_address', form)).toBe('address')
    expect(accountFieldOf('username', form)).toBe('address')
    expect(accountFieldOf('username', { ...form, role: 'SuperAdmins' })).toBe('username')
    expect(accountFieldOf('account.language', form)).toBe('language')
    expect(countByTab(['address', 'quota', 'language', 'password'])).toEqual({
      profile: 1,
      mailbox: 2,
      addresses: 0,
      security: 1,
    })
  })
})

describe('a new account', () => {
  it('has its address for a user name and the defaults of its domain', () => {
    expect(newAccountBody(newAccount(' bo@example.org ', 'pw'))).toEqual({
      username: 'bo@example.org',
      first_name: '',
      last_name: '',
      role: 'SimpleUsers',
      password: 'pw',
      mailbox: { full_address: 'bo@example.org' },
    })
  })

  it('may have a quota of its own', () => {
    const form = { ...newAccount('bo@example.org', 'pw'), own_quota: true, quota: 500 }
    expect(newAccountBody(form)).toMatchObject({
      mailbox: { use_domain_quota: false, quota: 500 },
    })
  })

  it('leaves its domain to the next one', () => {
    expect(domainPart('bo@example.org')).toBe('@example.org')
    expect(domainPart('bo')).toBe('')
  })
})
