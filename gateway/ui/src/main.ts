import { createApp } from 'vue'
import { expectPages, formatLanguage, i18n, initialLanguage, setLanguage } from '@/lib/i18n'
import { cached } from '@/lib/intl'
import { drawInSteps, turn } from '@/lib/steps'
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
if (warmUp()) {
  expectPages()
  drawInSteps()
  /* The first of Intl's objects takes long: a task of its own, while the texts are on their way. */
  setTimeout(() => cached(Intl.NumberFormat, formatLanguage(), {}))
}
await setLanguage(initialLanguage())
await turn()
const app = createApp(App).use(i18n).use(router)
await turn()
app.mount('#app')
