import {
  createRouter,
  createWebHistory,
  type RouteLocationNormalized,
  type RouteRecordRaw,
} from 'vue-router'
import { loadSession, useSession } from '@/shell/session'
import { guardUnsaved } from '@/shell/unsaved'

declare module 'vue-router' {
  interface RouteMeta {
    /* No navigation around it: the login page. */
    bare?: boolean
    /* Open without a session. */
    public?: boolean
    /* For every role; all else is for super administrators. */
    everyone?: boolean
    /* What is typed there outlives a change of the tab in its path. */
    keepsForms?: boolean
    /* Key of the section's name, for the title of the window. */
    section?: string
  }
}

const pages = import.meta.glob<{ routes: RouteRecordRaw[] }>('./pages/*/routes.ts', { eager: true })

type Load = () => Promise<unknown>

export const routes: RouteRecordRaw[] = Object.values(pages).flatMap((page) => page.routes)

export const router = createRouter({
  history: createWebHistory(),
  routes,
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? false : { top: 0 }),
})

let session: Promise<unknown> | undefined

function sessionIsLoaded(): Promise<unknown> {
  session ??= loadSession().catch((error: unknown) => {
    session = undefined
    throw error
  })
  return session
}

/* Where to go instead: to the login without a session, to one's own account without the role. */
export async function admit(to: RouteLocationNormalized) {
  if (to.meta.public) {
    return true
  }
  try {
    await sessionIsLoaded()
  } catch {
    /* Nobody answers: the page itself says so and tries again. */
    return true
  }
  const { account, can } = useSession()
  if (!account.value) {
    return { path: '/login', query: to.fullPath === '/' ? {} : { next: to.fullPath } }
  }
  if (to.path === '/' && !can('SuperAdmins')) {
    return { path: '/account', replace: true }
  }
  return true
}

/* The session, the frame and the page are asked for at once, not one after the other, where the first page is one with a
 * session: then true. What fails here fails again where it is needed. */
export function warmUp(): boolean {
  const target = router.resolve(location.pathname + location.search)
  if (target.meta.public) {
    /* Too old by the time that it is needed. */
    delete window.early
    return false
  }
  const parts = target.matched.map((record) => record.components?.default)
  const loads = parts.map((part) => (typeof part === 'function' ? (part as Load)() : undefined))
  Promise.all([sessionIsLoaded(), import('@/shell/frame.vue'), ...loads]).catch(() => undefined)
  return true
}

router.beforeEach(admit)
guardUnsaved(router)
