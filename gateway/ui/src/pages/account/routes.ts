import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  {
    path: '/account/:tab(profile|password|sessions|tokens)?',
    name: 'account',
    component: () => import('./account-page.vue'),
    meta: { everyone: true },
  },
]
