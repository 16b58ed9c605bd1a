// One object in a form: load, change, save with If-Match, and meet other people's changes on the way.
import { computed, ref, shallowRef, watch, type Ref } from 'vue'
import { fieldErrors, problem } from '@/api/errors'
import { queryClient, useResource } from '@/api/query'
import { request } from '@/api/request'
import { changes, conflicts, rebase, type ConflictField } from '@/lib/conflict'
import { useDraft, type Draft, type DraftSchema } from '@/shell/drafts'

export interface ObjectFormOptions<T, F> {
  key: string
  pk: () => number
  path: () => string
  toForm: (object: T) => F
  toBody: (changed: Partial<F>, form: F) => Record<string, unknown>
  fieldOf: (serverField: string, form: F) => string
  /** What a reload keeps of each field. */
  draft: DraftSchema<F>
  /** The field that a refusal without fields is about. */
  fieldOfReason?: (reason: string) => string | null
}

type FieldOf<F> = keyof F & string

export function useObjectForm<T extends { pk: number; etag: string }, F extends object>(
  options: ObjectFormOptions<T, F>,
) {
  const resource = useResource<T>(options.key, options.path, undefined, {
    enabled: () => options.pk() > 0,
  })
  const object = shallowRef<T | null>(null)
  const base = shallowRef<F | null>(null)
  const form = ref(null) as Ref<F | null>
  const errors = ref<Record<string, string[]>>({})
  const failure = ref('')
  const saving = ref(false)
  const saved = ref(false)
  const conflict = shallowRef<ConflictField<F>[]>([])

  const changed = computed<Partial<F>>(() =>
    base.value && form.value ? changes(base.value, form.value, fieldsOf(form.value)) : {},
  )
  const dirtyFields = computed(() => Object.keys(changed.value))
  const isDirty = computed(() => dirtyFields.value.length > 0)

  function fieldsOf(value: F): FieldOf<F>[] {
    return Object.keys(value) as FieldOf<F>[]
  }

  function clearFaults(): void {
    errors.value = {}
    failure.value = ''
    conflict.value = []
  }

  function adopt(fresh: T): void {
    object.value = fresh
    base.value = options.toForm(fresh)
    form.value = options.toForm(fresh)
    clearFaults()
  }

  /* Newer, and what was typed stays. */
  function adoptBelow(fresh: T): void {
    if (!base.value || !form.value) {
      adopt(fresh)
      return
    }
    const theirs = options.toForm(fresh)
    form.value = rebase(base.value, form.value, theirs, fieldsOf(theirs))
    base.value = theirs
    object.value = fresh
  }

  /* While something is typed the version that it was typed on stays: If-Match then tells the two apart. */
  watch(
    () => [options.pk(), resource.data] as const,
    ([pk, fresh]) => {
      if (object.value && object.value.pk !== pk) {
        object.value = base.value = form.value = null
        saved.value = false
        clearFaults()
      }
      if (fresh?.pk === pk && !isDirty.value) {
        adopt(fresh as T)
      }
    },
    { immediate: true },
  )

  function remember(fresh: T): void {
    queryClient.setQueryData([options.key, options.path(), {}], fresh)
  }

  async function fetchFresh(): Promise<T> {
    const { data } = await request<T>('GET', options.path())
    remember(data)
    return data
  }

  /** After a change beside the form, such as a new password: the version moves on, what was typed stays. */
  async function refresh(): Promise<void> {
    adoptBelow(await fetchFresh())
  }

  function patch(): Promise<{ data: T }> {
    return request<T>('PATCH', options.path(), {
      body: options.toBody(changed.value, form.value!),
      headers: { 'If-Match': `"${object.value!.etag}"` },
    })
  }

  function noteFaults(error: unknown): void {
    const byField: Record<string, string[]> = {}
    for (const [field, messages] of Object.entries(fieldErrors(error))) {
      const name = options.fieldOf(field, form.value!)
      byField[name] = [...(byField[name] ?? []), ...messages]
    }
    const { reason, detail } = problem(error)
    const field = options.fieldOfReason?.(reason)
    if (field && Object.keys(byField).length === 0) {
      byField[field] = [detail]
    }
    const known = fieldsOf(form.value!) as string[]
    const shown = Object.entries(byField).filter(([name]) => known.includes(name))
    errors.value = Object.fromEntries(shown)
    failure.value = shown.length > 0 ? '' : detail
  }

  /** True if somebody's changes and these can both stand: they were put together. */
  async function meetOther(): Promise<boolean> {
    const fresh = await fetchFresh()
    const theirs = options.toForm(fresh)
    const found = conflicts(base.value!, form.value!, theirs, fieldsOf(theirs))
    adoptBelow(fresh)
    conflict.value = found
    return found.length === 0
  }

  async function trySave(): Promise<T> {
    try {
      return (await patch()).data
    } catch (error) {
      if (problem(error).status !== 412 || !(await meetOther())) {
        throw error
      }
      return (await patch()).data
    }
  }

  /** The object as it is now, or null: what was wrong is in errors, failure or conflict. */
  async function save(): Promise<T | null> {
    if (!object.value || !isDirty.value || saving.value) {
      return null
    }
    saving.value = true
    saved.value = false
    clearFaults()
    try {
      const fresh = await trySave()
      remember(fresh)
      adopt(fresh)
      saved.value = true
      return fresh
    } catch (error) {
      if (conflict.value.length === 0) {
        noteFaults(error)
      }
      return null
    } finally {
      saving.value = false
    }
  }

  function revert(): void {
    if (object.value) {
      adopt(object.value)
    }
  }

  /* On what there is now: where somebody else has changed the same since, both are shown. */
  function restore({ fields, base: before }: Draft<F>): void {
    const theirs = base.value!
    const since = { ...theirs, ...before }
    const yours = { ...since, ...fields }
    conflict.value = conflicts(since, yours, theirs, fieldsOf(theirs))
    form.value = rebase(since, yours, theirs, fieldsOf(theirs))
  }

  const draft = useDraft<F>({
    schema: options.draft,
    name: () =>
      object.value && object.value.pk === options.pk() ? `${options.key}/${options.pk()}` : null,
    typed: () => changed.value,
    base: () => base.value ?? {},
    restore,
    discard: revert,
  })

  function take(field: FieldOf<F>, value: unknown): void {
    form.value = { ...form.value!, [field]: value }
  }

  return {
    resource,
    object,
    form,
    changed,
    dirtyFields,
    isDirty,
    errors,
    failure,
    saving,
    saved,
    conflict,
    draft,
    save,
    revert,
    refresh,
    take,
  }
}
