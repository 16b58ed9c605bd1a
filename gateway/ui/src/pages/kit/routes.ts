import type { RouteRecordRaw } from 'vue-router'

/* Every component in every state, for the eyes, for axe and for screenshots. Needs no session and no server. */
export const routes: RouteRecordRaw[] = [
  {
    path: '/dev/kit',
    name: 'kit',
    component: () => import('./KitPage.vue'),
    meta: { public: true, bare: true },
  },
]
