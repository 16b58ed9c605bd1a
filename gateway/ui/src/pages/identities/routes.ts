import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  { path: '/identities', name: 'identities', component: () => import('./identities-page.vue') },
]
