import { ref } from 'vue'
import type { Router } from 'vue-router'

/* A tab that is older than the files on the server: what it has not loaded yet is gone. */
export const isOutdated = ref(false)

const CHUNK_FAILURE =
  /dynamically imported module|Importing a module script failed|Unable to preload|error loading dynamically/i

/* A missing file and a broken line look alike: it is a new version only if the page names other files now. */
async function hasNewVersion(): Promise<boolean> {
  try {
    const page = await (await fetch('/', { cache: 'no-cache' })).text()
    const entry = document.querySelector<HTMLScriptElement>('script[type="module"]')?.src
    return entry !== undefined && !page.includes(new URL(entry).pathname)
  } catch {
    return false
  }
}

async function noteFailure(error: unknown): Promise<void> {
  if (error instanceof Error && CHUNK_FAILURE.test(error.message)) {
    isOutdated.value ||= await hasNewVersion()
  }
}

export function watchVersion(router: Router): void {
  router.onError((error) => noteFailure(error))
  window.addEventListener('vite:preloadError', (event) => void noteFailure(event.payload))
  window.addEventListener('unhandledrejection', (event) => void noteFailure(event.reason))
}
