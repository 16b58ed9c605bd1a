import { computed } from 'vue'
import { useRoute, useRouter } from 'vue-router'

/** One word of the query string, to read and to write. */
export function useUrlTab(name: string, fallback: string) {
  const route = useRoute()
  const router = useRouter()
  return computed({
    get: () => (typeof route.query[name] === 'string' ? route.query[name] : fallback),
    set: (value: string) => void router.replace({ query: { ...route.query, [name]: value } }),
  })
}
