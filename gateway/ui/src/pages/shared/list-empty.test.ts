import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { ApiError } from '@/api/errors'
import { i18n } from '@/lib/i18n'
import ListEmpty from './list-empty.vue'

const LISTS = ['domains', 'domains.aliases', 'quotas', 'operations', 'identities']

function show(about: string, state: { error?: unknown; filtered?: boolean } = {}) {
  const { error = null, filtered = false } = state
  return mount(ListEmpty, { props: { about, error, filtered }, slots: { action: 'Begin' } })
}

function refusal(status: number) {
  return new ApiError({ status, detail: 'It is asleep' })
}

describe.each(LISTS)('an empty list of %s', (about) => {
  const said = (key: string) => i18n.global.t(key)
  const noun = about.split('.')[0]!

  it('says what is not there yet, and how to begin', () => {
    const text = show(about).text()
    expect(text).toContain(said(`${about}.empty.title`))
    expect(text).toContain('Begin')
    expect(text).not.toContain('.empty')
  })

  it('says that filters hide all, and removes them', async () => {
    const list = show(about, { filtered: true })
    expect(list.text()).toContain(said(`${about}.emptyFilter.title`))
    expect(list.text()).not.toContain('.emptyFilter')
    await list.get('button').trigger('click')
    expect(list.emitted('clear')).toHaveLength(1)
  })

  it('says why it was not loaded, and tries again', async () => {
    const list = show(about, { error: refusal(503), filtered: true })
    expect(list.text()).toContain(said(`${noun}.failed`))
    expect(list.text()).toContain('asleep')
    await list.get('button').trigger('click')
    expect(list.emitted('retry')).toHaveLength(1)
  })

  it('says that it is not for this role, without offering what cannot help', () => {
    const list = show(about, { error: refusal(403) })
    expect(list.text()).toContain(said(`${noun}.forbidden.title`))
    expect(list.find('button').exists()).toBe(false)
  })
})
