import { createApp } from 'vue'
import { expectPages, i18n, initialLanguage, setLanguage } from '@/lib/i18n'
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
if (warmUp()) {
  expectPages()
}
await setLanguage(initialLanguage())

createApp(App).use(i18n).use(router).mount('#app')
