import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  {
    path: '/:path(.*)*',
    name: 'not-found',
    component: () => import('./not-found-page.vue'),
    meta: { everyone: true },
  },
]
