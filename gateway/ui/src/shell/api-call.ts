import { computed, onScopeDispose, shallowReactive, type ComputedRef } from 'vue'

/* What the page does, as a call of the API. */
export interface ApiCall {
  method: string
  url: string
  body?: unknown
}

const sources = shallowReactive<ComputedRef<ApiCall | null>[]>([])

/* The call of the component that came last: a drawer's hides its page's while it is there. */
export const currentCall = computed<ApiCall | null>(
  () => [...sources].reverse().find((source) => source.value)?.value ?? null,
)

/* Registers the page's "View as API call"; null while there is none. */
export function useApiCall(describe: () => ApiCall | null): void {
  const source = computed(describe)
  sources.push(source)
  onScopeDispose(() => {
    sources.splice(sources.indexOf(source), 1)
  })
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

/* For a shell: with a token from the environment, so that none is in the history of commands. */
export function curlOf(call: ApiCall, origin: string): string {
  const lines = [`curl -X ${call.method}`, `-H "Authorization: Token $ROOST_TOKEN"`]
  if (call.body !== undefined) {
    lines.push(`-H 'Content-Type: application/json'`, `-d ${quoted(JSON.stringify(call.body))}`)
  }
  lines.push(quoted(new URL(call.url, origin).href))
  return lines.join(' \\\n  ').replace('curl -X GET', 'curl')
}
