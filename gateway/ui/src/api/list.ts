import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, reactive, watch, type Reactive } from 'vue'
import { useUrlState } from '@/lib/url-state'
import { request, type Query } from './request'

export interface List<T> {
  rows: T[]
  /* Number of all that match; null if the server did not count. */
  total: number | null
  hasNext: boolean
  hasPrevious: boolean
  /* Page number, from 1. */
  page: number
  /* First load: nothing to show yet. */
  loading: boolean
  /* Rows of the page before are shown while the next ones come. */
  fetching: boolean
  error: unknown
  /* When the rows came, in milliseconds since 1970. */
  updatedAt: number
  next: () => void
  previous: () => void
  refetch: () => Promise<unknown>
}

export interface ListOptions {
  /* Prefix of the URL's parameters, for the second list of a page. */
  name?: string
  /* Ask again every so often, while the page is visible. */
  everySeconds?: number
  enabled?: () => boolean
}

interface Page<T> {
  rows: T[]
  total: number | null
  nextToken: string
}

/* The page token in `Link: </api/v1/domains/?page_token=...>; rel="next"`. */
export function nextTokenOf(link: string | null): string {
  const next = link?.split(/,(?=\s*<)/).find((part) => /;\s*rel="?next"?/.test(part))
  const url = next && /<([^>]*)>/.exec(next)?.[1]
  return url ? (new URL(url, location.origin).searchParams.get('page_token') ?? '') : ''
}

export async function fetchPage<T>(
  path: string,
  query: Query,
  signal?: AbortSignal,
): Promise<Page<T>> {
  const { data, headers } = await request<T[]>('GET', path, { query, signal })
  const total = headers.get('x-total-count')
  return {
    rows: data,
    total: total === null ? null : Number(total),
    nextToken: nextTokenOf(headers.get('link')),
  }
}

/* The tokens that led to a page, by the token of that page; they outlive a reload. */
function trailKey(key: string, token: string): string {
  return `roost.trail.${key}.${token}`
}

/* A token is bound to the filters it was made for: with others it is no longer meant. */
const madeFor = new Map<string, string>()

/* A page of a list. The URL has the page's token (`after`) and number (`page`), so that back, reload and a
 * shared link show the same rows. A change of the query goes back to the first page. */
export function useList<T>(
  key: string,
  path: string,
  query: () => Query,
  options: ListOptions = {},
): Reactive<List<T>> {
  const prefix = options.name ? `${options.name}_` : ''
  const url = useUrlState({ [`${prefix}after`]: '', [`${prefix}page`]: 1 } as Record<
    string,
    string | number
  >)
  const after = computed(() => String(url[`${prefix}after`] ?? ''))
  const signature = computed(() => JSON.stringify([path, query()]))
  const token = computed(() => {
    const bound = madeFor.get(after.value)
    return bound === undefined || bound === signature.value ? after.value : ''
  })
  watch(
    [signature, after],
    () => {
      if (after.value && !madeFor.has(after.value)) {
        madeFor.set(after.value, signature.value)
      } else if (after.value && !token.value) {
        goTo('', 1)
      }
    },
    { immediate: true },
  )

  function goTo(wanted: string, page: number): void {
    url[`${prefix}after`] = wanted
    url[`${prefix}page`] = page
  }

  const result = useQuery({
    queryKey: computed(() => [key, path, query(), token.value]),
    queryFn: ({ signal }) => fetchPage<T>(path, { ...query(), page_token: token.value }, signal),
    placeholderData: keepPreviousData,
    enabled: computed(() => options.enabled?.() ?? true),
    refetchInterval: options.everySeconds ? options.everySeconds * 1000 : false,
    refetchIntervalInBackground: false,
  })
  const page = computed(() => (token.value ? Number(url[`${prefix}page`]) || 2 : 1))

  function next(): void {
    const wanted = result.data.value?.nextToken
    if (!wanted || result.isPlaceholderData.value) {
      return
    }
    madeFor.set(wanted, signature.value)
    sessionStorage.setItem(trailKey(key, wanted), token.value)
    goTo(wanted, page.value + 1)
  }

  function previous(): void {
    const before = sessionStorage.getItem(trailKey(key, token.value)) ?? ''
    goTo(before, before ? page.value - 1 : 1)
  }

  return reactive({
    rows: computed(() => result.data.value?.rows ?? []),
    total: computed(() => result.data.value?.total ?? null),
    hasNext: computed(() => Boolean(result.data.value?.nextToken)),
    hasPrevious: computed(() => token.value !== ''),
    page,
    loading: computed(() => result.isPending.value && result.isLoading.value),
    fetching: computed(() => result.isFetching.value),
    error: computed(() => result.error.value),
    updatedAt: computed(() => result.dataUpdatedAt.value),
    next,
    previous,
    refetch: () => result.refetch(),
  }) as Reactive<List<T>>
}

/* The first rows of a list and how many there are: for an overview that leads to the list itself. */
export function useFirstRows<T>(
  key: string,
  path: string,
  query: () => Query,
  options: Pick<ListOptions, 'everySeconds' | 'enabled'> = {},
): Reactive<Pick<List<T>, 'rows' | 'total' | 'loading' | 'error' | 'updatedAt' | 'refetch'>> {
  const result = useQuery({
    queryKey: computed(() => [key, path, query(), '']),
    queryFn: ({ signal }) => fetchPage<T>(path, query(), signal),
    enabled: computed(() => options.enabled?.() ?? true),
    refetchInterval: options.everySeconds ? options.everySeconds * 1000 : false,
    refetchIntervalInBackground: false,
  })
  return reactive({
    rows: computed(() => result.data.value?.rows ?? []),
    total: computed(() => result.data.value?.total ?? null),
    loading: computed(() => result.isLoading.value),
    error: computed(() => result.error.value),
    updatedAt: computed(() => result.dataUpdatedAt.value),
    refetch: () => result.refetch(),
  }) as Reactive<Pick<List<T>, 'rows' | 'total' | 'loading' | 'error' | 'updatedAt' | 'refetch'>>
}
