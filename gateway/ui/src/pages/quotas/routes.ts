import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  { path: '/quotas', name: 'quotas', component: () => import('./quotas-page.vue') },
]
