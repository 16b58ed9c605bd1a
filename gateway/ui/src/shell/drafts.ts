import { computed, onScopeDispose, readonly, ref, watch, type Ref } from 'vue'
import { readDraft, removeDraft, sweepDrafts, writeDraft } from './draft-store'
import type { Draft, DraftSchema } from './draft-store'
import { onForget, useSession } from './session'

export type { Draft, DraftSchema }

export interface DraftOptions<F extends object> {
  schema: DraftSchema<F>
  /* The form and its object, such as "account/12"; null while there is no form, or it is not loaded. */
  name: () => string | null
  /* The fields that were changed and are not saved. */
  typed: () => Partial<F>
  /* What those fields held before. */
  base?: () => Partial<F>
  /* Puts the draft into the form. */
  restore: (draft: Draft<F>) => void
  /* Empties the form of everything typed. */
  discard: () => void
}

export interface DraftHandle {
  /* What the form holds was typed before a reload. */
  isRestored: Readonly<Ref<boolean>>
  hasSecrets: boolean
  /* A reload loses nothing. */
  isKept: () => boolean
  discard: () => void
}

function forgetAll(): void {
  sweepDrafts()
}

/* What is not the user's goes: with a logout, with another login, and what an earlier one has left. */
export function watchDrafts(): void {
  const { account } = useSession()
  onForget(forgetAll)
  watch(
    () => account.value?.pk,
    (pk) => pk !== undefined && sweepDrafts(pk),
    { immediate: true },
  )
}

/* Keeps what is typed into a form over a reload. The draft ends with the form: saved, reverted, closed or left. */
export function useDraft<F extends object>(options: DraftOptions<F>): DraftHandle {
  const { account } = useSession()
  const isRestored = ref(false)
  const isStored = ref(false)
  const typed = computed(() => {
    const fields = options.name() === null ? {} : options.typed()
    return { fields, text: JSON.stringify(fields) }
  })

  function recall(name: string): void {
    const user = account.value?.pk
    const draft = user === undefined ? null : readDraft<F>(name, options.schema, user)
    if (draft) {
      options.restore(draft)
      isRestored.value = true
    }
  }

  function keep(name: string): void {
    const fields = typed.value.fields as Partial<F>
    if (account.value === null || Object.keys(fields).length === 0) {
      removeDraft(name)
      isRestored.value = false
      return
    }
    const before: Partial<F> = options.base?.() ?? {}
    const base = Object.fromEntries(
      Object.entries(before).filter(([field]) => Object.hasOwn(fields, field)),
    ) as Partial<F>
    isStored.value = writeDraft(name, options.schema, account.value.pk, { fields, base })
  }

  watch(
    [options.name, () => typed.value.text],
    ([name], [before]) => {
      if (name === before) {
        if (name !== null) {
          keep(name)
        }
        return
      }
      isRestored.value = isStored.value = false
      if (before) {
        removeDraft(before)
      }
      if (name !== null) {
        recall(name)
      }
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    const name = options.name()
    if (name !== null) {
      removeDraft(name)
    }
  })

  return {
    isRestored: readonly(isRestored),
    hasSecrets: Object.values(options.schema).includes('secret'),
    isKept: () => isStored.value,
    discard: options.discard,
  }
}
