import { createApp } from 'vue'
import { expectPages, i18n, initialLanguage, setLanguage } from '@/lib/i18n'
import { drawInSteps, endSteps, turn } from '@/lib/steps'
import { router, warmUp } from '@/router'
import { watchConnection } from '@/shell/connection'
import { translateErrors } from '@/shell/problems'
import { watchSession } from '@/shell/session'
import { watchVersion } from '@/shell/version'
import App from './app.vue'
import './design/tokens.css'
import './design/base.css'
import './design/outline.css'

watchSession()
watchConnection()
watchVersion(router)
translateErrors()
if (window.early) {
  drawInSteps()
  /* The page's head is painted before a phone reads the rest. */
  await window.early.head
  await turn()
}
if (warmUp()) {
  expectPages()
} else {
  endSteps()
}
await turn()
await setLanguage(initialLanguage())
await turn()
const app = createApp(App).use(i18n).use(router)
await turn()
app.mount('#app')
