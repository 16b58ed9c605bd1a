import { computed, reactive, ref } from 'vue'
import { setHooks } from '@/api/http'

/* Whether the server and the services behind it answer. What fails is asked about quietly until it works again;
 * then everything that had failed is loaded anew. */

const CHECK_MS = 3000
const AWAY = [0, 502, 503, 504]

/* Kinds of objects whose last call found nobody: /api/v1/<kind>/. */
const away = reactive(new Set<string>())
const isOnline = ref(true)
let timer: number | undefined
let reload: () => void = () => undefined

export type ConnectionState = 'ok' | 'offline' | 'unreachable' | 'degraded'

export const connection = computed<ConnectionState>(() => {
  if (!isOnline.value) {
    return 'offline'
  }
  if (away.has('')) {
    return 'unreachable'
  }
  return away.size > 0 ? 'degraded' : 'ok'
})

function kindOf(path: string): string {
  return /^\/api\/v1\/([^/]+)\//.exec(path)?.[1] ?? 'other'
}

/* '' stands for the gateway itself. */
export function noteAnswer(path: string, status: number): void {
  if (status === 0) {
    away.add('')
  } else {
    away.delete('')
    if (AWAY.includes(status)) {
      away.add(kindOf(path))
    } else {
      away.delete(kindOf(path))
    }
  }
  if (away.size > 0) {
    timer ??= window.setTimeout(() => void check(), CHECK_MS)
  }
}

async function isReady(): Promise<boolean> {
  try {
    return (await fetch('/readyz', { cache: 'no-store' })).ok
  } catch {
    return false
  }
}

export async function check(): Promise<void> {
  window.clearTimeout(timer)
  timer = undefined
  if (away.size === 0) {
    return
  }
  if (await isReady()) {
    recover()
  } else {
    timer = window.setTimeout(() => void check(), CHECK_MS)
  }
}

function recover(): void {
  away.clear()
  reload()
}

/* What to do when everybody answers again. */
export function onRecovery(run: () => void): void {
  reload = run
}

export function watchConnection(): void {
  isOnline.value = navigator.onLine
  window.addEventListener('offline', () => {
    isOnline.value = false
  })
  window.addEventListener('online', () => {
    isOnline.value = true
    void check()
  })
  setHooks({ settled: noteAnswer })
}
