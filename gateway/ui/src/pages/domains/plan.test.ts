import { expect, test } from 'vitest'
import { accountBody, emptyForm, formFaults, makePlan, type DomainForm } from './plan'

function form(change: Partial<DomainForm>): DomainForm {
  return { ...emptyForm, name: 'example.org', ...change }
}

test('a domain by itself is one object', () => {
  expect(makePlan(form({ name: 'Bücher.example' }))).toEqual({
    domain: {
      name: 'xn--bcher-kva.example',
      type: 'domain',
      quota: 0,
      default_mailbox_quota: 0,
      enabled: true,
      enable_dns_checks: true,
    },
    rows: [],
    objects: 1,
    allocated: 0,
    unlimited: 0,
    faulty: 0,
  })
})

test('mailboxes take the default quota unless they name one', () => {
  const plan = makePlan(form({ quota: 3000, defaultMailboxQuota: 1000, pasted: 'anna\nben,,500' }))
  expect(plan).toMatchObject({ objects: 3, allocated: 1500, unlimited: 0, faulty: 0 })
  expect(plan.rows.map((row) => row.effectiveQuota)).toEqual([1000, 500])
})

test('the row that no longer fits is named with what is left', () => {
  const plan = makePlan(
    form({ quota: 1500, defaultMailboxQuota: 1000, pasted: 'anna\nben\ncem,,500' }),
  )
  expect(plan.rows.map((row) => row.faults)).toEqual([
    [],
    [{ code: 'quota_exceeds', args: { left: 500 } }],
    [],
  ])
  expect(plan).toMatchObject({ objects: 3, allocated: 1500, faulty: 1 })
})

test('a domain with a quota takes no unlimited mailboxes', () => {
  expect(makePlan(form({ quota: 1000, pasted: 'anna' })).rows[0]?.faults).toEqual([
    { code: 'quota_required' },
  ])
})

test('unlimited mailboxes are counted', () => {
  expect(makePlan(form({ pasted: 'anna\nben,,100' }))).toMatchObject({
    unlimited: 1,
    allocated: 100,
  })
})

test('faults of the form', () => {
  expect(formFaults(form({}))).toEqual({})
  expect(formFaults(form({ name: ' ' }))).toEqual({ name: 'required' })
  expect(formFaults(form({ name: 'localhost' }))).toEqual({ name: 'invalid' })
  expect(formFaults(form({ quota: 10, defaultMailboxQuota: 11 }))).toEqual({
    default_mailbox_quota: 'exceeds',
  })
})

test('the account of a row', () => {
  const rows = makePlan(form({ pasted: 'anna, Anna Schmidt\nben,,0' })).rows
  expect(accountBody(rows[0]!, 'secret')).toEqual({
    username: 'anna@example.org',
    role: 'SimpleUsers',
    first_name: 'Anna',
    last_name: 'Schmidt',
    password: 'secret',
    mailbox: { full_address: 'anna@example.org', use_domain_quota: true },
  })
  expect(accountBody(rows[1]!, 'x').mailbox).toEqual({
    full_address: 'ben@example.org',
    use_domain_quota: false,
    quota: 0,
  })
})
