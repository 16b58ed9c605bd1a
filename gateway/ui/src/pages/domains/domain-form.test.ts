import { expect, test } from 'vitest'
import { faultsOf, renamedTo, toBody, toForm } from './domain-form'
import type { Domain } from './types'

const domain = {
  pk: 1,
  name: 'xn--bcher-kva.example',
  quota: 0,
  default_mailbox_quota: 1024,
  type: 'domain',
  enabled: true,
  enable_dns_checks: false,
} as Domain

test('a form shows the name in Unicode and no limit as nothing', () => {
  expect(toForm(domain)).toEqual({
    name: 'bücher.example',
    quota: null,
    default_mailbox_quota: 1024,
    type: 'domain',
    enabled: true,
    enable_dns_checks: false,
  })
})

test('a body has what was changed, as the API wants it', () => {
  expect(toBody({ name: ' Müller.example ', default_mailbox_quota: null })).toEqual({
    name: 'xn--mller-kva.example',
    default_mailbox_quota: 0,
  })
  expect(toBody({ enabled: false })).toEqual({ enabled: false })
})

test('a name that is no name goes to the server as it is', () => {
  expect(toBody({ name: 'nonsense' })).toEqual({ name: 'nonsense' })
})

test('faults of a form', () => {
  const form = toForm(domain)
  expect(faultsOf(form)).toEqual({})
  expect(faultsOf({ ...form, name: 'x' })).toEqual({ name: 'invalid' })
  expect(faultsOf({ ...form, quota: 1000 })).toEqual({ default_mailbox_quota: 'exceeds' })
})

test('the same name in other letters is no rename', () => {
  expect(renamedTo(domain, { ...toForm(domain), name: 'BÜCHER.example' })).toBeNull()
  expect(renamedTo(domain, { ...toForm(domain), name: 'new.example' })).toBe('new.example')
})
