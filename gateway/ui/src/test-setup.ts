import { config, disableAutoUnmount, enableAutoUnmount } from '@vue/test-utils'
import { i18n, loadPageTexts, setLanguage } from '@/lib/i18n'
import { afterEach, beforeAll } from 'vitest'

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

/* Files share a page: what one has mounted or stored is gone before the next one begins. */
localStorage.clear()
sessionStorage.clear()
disableAutoUnmount()
enableAutoUnmount(afterEach)

beforeAll(async () => {
  await loadPageTexts()
  await setLanguage('en')
})
