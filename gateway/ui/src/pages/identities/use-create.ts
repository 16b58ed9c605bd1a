// Creates an object, and says what was wrong at the field where it was wrong.
import { ref } from 'vue'
import { fieldErrors, problem } from '@/api/errors'
import { requestId } from '@/api/http'
import { request } from '@/api/request'
import { refreshLists } from './use-row-actions'

interface CreateOptions {
  path: string
  fields: string[]
  fieldOf: (serverField: string) => string
  fieldOfReason?: (reason: string) => string | null
}

export function useCreate<T>(options: CreateOptions) {
  const errors = ref<Record<string, string[]>>({})
  const failure = ref('')
  const busy = ref(false)
  /* The same body sent again, after an answer that was lost, creates nothing twice. */
  let key = { body: '', id: '' }

  function clear(): void {
    errors.value = {}
    failure.value = ''
  }

  function note(error: unknown): void {
    const found: Record<string, string[]> = {}
    for (const [field, messages] of Object.entries(fieldErrors(error))) {
      const name = options.fieldOf(field)
      found[name] = [...new Set([...(found[name] ?? []), ...messages])]
    }
    const { reason, detail } = problem(error)
    const field = options.fieldOfReason?.(reason)
    if (field && Object.keys(found).length === 0) {
      found[field] = [detail]
    }
    const shown = Object.entries(found).filter(([name]) => options.fields.includes(name))
    errors.value = Object.fromEntries(shown)
    failure.value = shown.length > 0 ? '' : detail
  }

  async function create(body: Record<string, unknown>): Promise<T | null> {
    if (busy.value) {
      return null
    }
    busy.value = true
    clear()
    const text = JSON.stringify(body)
    key = key.body === text ? key : { body: text, id: requestId() }
    try {
      const headers = { 'Idempotency-Key': key.id }
      const { data } = await request<T>('POST', options.path, { body, headers })
      key = { body: '', id: '' }
      void refreshLists()
      return data
    } catch (error) {
      note(error)
      return null
    } finally {
      busy.value = false
    }
  }

  return { errors, failure, busy, create, clear }
}
