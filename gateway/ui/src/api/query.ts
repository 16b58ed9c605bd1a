import { keepPreviousData, QueryClient, useQuery } from '@tanstack/vue-query'
import { computed, reactive, type Reactive } from 'vue'
import { isApiError, isTransient } from './errors'
import { request, type Query } from './request'

const RETRIES = 4
const FIRST_DELAY_MS = 400
const LONGEST_DELAY_MS = 8000

export function retryDelay(attempt: number, error: unknown): number {
  if (isApiError(error) && error.retryAfterSeconds) {
    return Math.min(error.retryAfterSeconds * 1000, LONGEST_DELAY_MS)
  }
  return Math.min(FIRST_DELAY_MS * 2 ** attempt, LONGEST_DELAY_MS)
}

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        networkMode: 'always',
        retry: (count, error) => isTransient(error) && count < RETRIES,
        retryDelay,
      },
      mutations: { networkMode: 'always', retry: false },
    },
  })
}

export const queryClient = makeQueryClient()

export interface ResourceOptions {
  /* Ask again every so often, while the page is visible. */
  everySeconds?: number
  /* Do not ask while this is false. */
  enabled?: () => boolean
}

export interface Resource<T> {
  data: T | undefined
  loading: boolean
  fetching: boolean
  error: unknown
  /* When the data came, in milliseconds since 1970. */
  updatedAt: number
  refetch: () => Promise<unknown>
}

/* One object: `const domain = useResource<Domain>('domain', () => `/api/v1/domains/${pk.value}/`)`. */
export function useResource<T>(
  key: string,
  path: () => string,
  query: () => Query = () => ({}),
  options: ResourceOptions = {},
): Reactive<Resource<T>> {
  const result = useQuery({
    queryKey: computed(() => [key, path(), query()]),
    queryFn: async ({ signal }) =>
      (await request<T>('GET', path(), { query: query(), signal })).data ?? null,
    enabled: computed(() => options.enabled?.() ?? true),
    refetchInterval: options.everySeconds ? options.everySeconds * 1000 : false,
    refetchIntervalInBackground: false,
  })
  return reactive({
    data: computed(() => (result.data.value ?? undefined) as T | undefined),
    loading: computed(() => result.isPending.value && result.isLoading.value),
    fetching: computed(() => result.isFetching.value),
    error: computed(() => result.error.value),
    updatedAt: computed(() => result.dataUpdatedAt.value),
    refetch: () => result.refetch(),
  }) as Reactive<Resource<T>>
}

/* After a write: everything of these kinds is asked for again. The key is the first part of a query's key. */
export function invalidate(...keys: string[]): Promise<void> {
  return queryClient.invalidateQueries({
    predicate: (query) => keys.includes(String(query.queryKey[0])),
  })
}

export { keepPreviousData }
