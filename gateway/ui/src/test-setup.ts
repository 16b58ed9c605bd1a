import { config } from '@vue/test-utils'
import { i18n, loadPageTexts, setLanguage } from '@/lib/i18n'
import { beforeAll } from 'vitest'

/* jsdom has no dialogs: enough of one for components that open it. */
HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
  this.setAttribute('open', '')
}
HTMLDialogElement.prototype.close ??= function (this: HTMLDialogElement) {
  if (this.hasAttribute('open')) {
    this.removeAttribute('open')
    this.dispatchEvent(new Event('close'))
  }
}

config.global.plugins = [i18n]

beforeAll(async () => {
  await loadPageTexts()
  await setLanguage('en')
})
