import type { RouteRecordRaw } from 'vue-router'
import LoginPage from './login-page.vue'

export const routes: RouteRecordRaw[] = [
  {
    path: '/login',
    name: 'login',
    component: LoginPage,
    meta: { bare: true, public: true, everyone: true },
  },
]
