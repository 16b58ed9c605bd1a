import { flushPromises, mount } from '@vue/test-utils'
import { expect, it, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import { routes } from './routes'
import KitPage from './KitPage.vue'

async function kit(query: string) {
  const router = createRouter({ history: createMemoryHistory(), routes })
  await router.push(`/dev/kit?${query}`)
  const page = mount(KitPage, { attachTo: document.body, global: { plugins: [router] } })
  await flushPromises()
  return page
}

it('shows every component in every state without a warning', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const page = await kit('all')
  for (const button of page.findAll('.section button:not([disabled])')) {
    await button.trigger('focusin')
    await button.trigger('pointerenter')
  }
  expect(page.findAll('h1')).toHaveLength(1)
  expect(page.find('img').exists()).toBe(false)
  const said = warn.mock.calls.map(([text]) => String(text))
  expect(said.filter((text) => text.startsWith('[Vue warn]'))).toEqual([])
  page.unmount()
})

it('checks a form by its schema and links the errors', async () => {
  const page = await kit('section=schema')
  await page.get('form').trigger('submit')
  await flushPromises()
  expect(page.get('.error-summary').text()).toContain('This must be at most 90.')
  expect(page.get('.error-summary').text()).toContain('The server does not like this text.')
  page.unmount()
})

it('copies, and says when the browser does not allow it', async () => {
  const page = await kit('section=data')
  const copy = page.get('[aria-label="Copy: Host"]')
  const writeText = vi.fn().mockResolvedValueOnce(undefined).mockRejectedValueOnce(new Error('no'))
  vi.stubGlobal('navigator', { ...navigator, clipboard: { writeText } })
  await copy.trigger('click')
  await flushPromises()
  expect(writeText).toHaveBeenCalledWith('mail._domainkey.example.org')
  await copy.trigger('click')
  await flushPromises()
  expect(page.text()).toContain('The browser did not allow copying.')
  vi.unstubAllGlobals()
  page.unmount()
})

it('runs the action of a toast once and shows what came of it', async () => {
  const page = await kit('section=feedback')
  await page
    .findAll('button')
    .find((one) => one.text() === 'With undo')
    ?.trigger('click')
  await page
    .findAll('.toast button')
    .find((one) => one.text() === 'Undo')
    ?.trigger('click')
  await flushPromises()
  expect(page.text()).toContain('Restored 3 accounts.')
  expect(page.text()).not.toContain('Deleted 3 accounts.')
  page.unmount()
})
