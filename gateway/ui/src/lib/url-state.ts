import { onScopeDispose, reactive, shallowRef, watch } from 'vue'
import {
  useRoute,
  useRouter,
  type LocationQuery,
  type RouteLocationNormalizedLoaded,
  type Router,
} from 'vue-router'

export type UrlValue = string | number | boolean | string[] | null
export type UrlValues = Record<string, UrlValue>

type Widened<T> = {
  [K in keyof T]: T[K] extends string
    ? string
    : T[K] extends number
      ? number
      : T[K] extends boolean
        ? boolean
        : T[K] extends null
          ? string | null
          : T[K]
}

/* Keys that change with every keystroke: no entry in the history for each. */
const TYPED = ['search', 'q']

function parse(query: LocationQuery, key: string, initial: UrlValue): UrlValue {
  const raw = query[key]
  if (raw === undefined) {
    return Array.isArray(initial) ? [...initial] : initial
  }
  if (Array.isArray(initial)) {
    return (Array.isArray(raw) ? raw : [raw]).filter((one) => one !== null)
  }
  const text = (Array.isArray(raw) ? raw[0] : raw) ?? ''
  if (typeof initial === 'number') {
    return Number.isFinite(Number(text)) && text !== '' ? Number(text) : initial
  }
  return typeof initial === 'boolean' ? text === '1' || text === 'true' : text
}

function print(value: UrlValue): string | string[] {
  if (Array.isArray(value)) {
    return [...value]
  }
  return typeof value === 'boolean' ? (value ? '1' : '0') : String(value ?? '')
}

function same(a: UrlValue, b: UrlValue): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

interface Batch {
  router: Router
  page: string | undefined
  query: Record<string, string | string[] | undefined>
  push: boolean
}

/* Changes of one tick, from whichever component, become one navigation; what changes during a navigation waits
 * for its end. `landed` counts the ends: then the URL and the states agree again. */
let batch: Batch | null = null
let isFlying = false
const landed = shallowRef(0)

async function fly(): Promise<void> {
  while (batch) {
    const { router, page, query, push }: Batch = batch
    batch = null
    const route = router.currentRoute.value
    if (pageOf(route) !== page) {
      continue
    }
    const target = { path: route.path, query: { ...route.query, ...query }, hash: route.hash }
    await (push ? router.push(target) : router.replace(target)).catch(() => undefined)
  }
  isFlying = false
  landed.value++
}

function write(
  router: Router,
  key: string,
  text: string | string[] | undefined,
  push: boolean,
): void {
  batch ??= { router, page: pageOf(router.currentRoute.value), query: {}, push: false }
  batch.query[key] = text
  batch.push ||= push
  if (!isFlying) {
    isFlying = true
    queueMicrotask(() => void fly())
  }
}

function pageOf(route: Pick<RouteLocationNormalizedLoaded, 'matched'>): string | undefined {
  return route.matched.at(-1)?.path
}

/* A reactive object that is mirrored in the query string: what equals its default is left out. A change of a typed
 * key replaces the entry in the history, any other makes a new one. */
export function useUrlState<T extends UrlValues>(
  defaults: T,
  options: { replace?: (keyof T & string)[] } = {},
): Widened<T> {
  const route = useRoute()
  const router = useRouter()
  const page = pageOf(route)
  const keys = Object.keys(defaults)
  const state = reactive<UrlValues>({})
  for (const key of keys) {
    state[key] = parse(route.query, key, defaults[key]!)
  }

  const stopReading = watch(
    () => [route.query, landed.value],
    () => {
      if (pageOf(route) !== page || isFlying) {
        return
      }
      for (const key of keys) {
        const value = parse(route.query, key, defaults[key] ?? null)
        if (!same(value, state[key] ?? null)) {
          state[key] = value
        }
      }
    },
    { flush: 'sync' },
  )
  const stopWriting = keys.map((key) =>
    watch(
      () => state[key],
      (value) => {
        if (!isFlying && same(parse(route.query, key, defaults[key] ?? null), value ?? null)) {
          return
        }
        const text = same(value ?? null, defaults[key] ?? null) ? undefined : print(value ?? null)
        write(router, key, text, ![...TYPED, ...(options.replace ?? [])].includes(key))
      },
      { flush: 'sync', deep: true },
    ),
  )
  onScopeDispose(() => {
    stopReading()
    stopWriting.forEach((stop) => stop())
  })
  return state as Widened<T>
}
