import type { RouteRecordRaw } from 'vue-router'

export const routes: RouteRecordRaw[] = [
  { path: '/domains', name: 'domains', component: () => import('./domains-page.vue') },
  { path: '/domains/new', name: 'domain-new', component: () => import('./new-page.vue') },
  {
    path: '/domains/:pk(\\d+)/:tab?',
    name: 'domain',
    component: () => import('./domain-page.vue'),
    meta: { keepsForms: true },
  },
]
