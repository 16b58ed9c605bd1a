import { createApp } from 'vue'
import { i18n, initialLanguage, loadPageTexts, setLanguage } from '@/lib/i18n'
import { router, warmUp } from '@/router'
import { watchConnection } from '@/shell/connection'
import { translateErrors } from '@/shell/problems'
import { watchSession } from '@/shell/session'
import { watchVersion } from '@/shell/version'
import App from './app.vue'
import './design/tokens.css'
import './design/base.css'

watchSession()
watchConnection()
watchVersion(router)
translateErrors()
const isInside = warmUp()

await setLanguage(initialLanguage())
if (isInside) {
  loadPageTexts().catch(() => undefined)
}

createApp(App).use(i18n).use(router).mount('#app')
