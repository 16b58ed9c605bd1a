// Which drawer is open, in the URL; typed changes are not lost by opening another one.
import { computed, ref, watch } from 'vue'
import { onBeforeRouteUpdate, type LocationQuery } from 'vue-router'
import { useUrlState } from '@/lib/url-state'
import { askToLeave, hasUnsaved } from '@/shell/unsaved'
import { identityKey, type Identity, type Kind } from './types'

interface Rows {
  rows: readonly Identity[]
  hasNext: boolean
  hasPrevious: boolean
  next: () => void
  previous: () => void
}

/* With the place in an account's addresses, which is not the next account's. */
const CLOSED = { account: 0, alias: 0, new: '', tab: '', address_after: '', address_page: 1 }

export function useDrawer(list: () => Rows) {
  const url = useUrlState({ ...CLOSED }, { replace: ['tab'] })
  /* The question has been answered; the router need not ask it again. */
  let isAgreed = false

  async function goTo(target: Partial<typeof CLOSED>): Promise<boolean> {
    if (hasUnsaved()) {
      if (!(await askToLeave())) {
        return false
      }
      isAgreed = true
    }
    Object.assign(url, { ...CLOSED, ...target })
    return true
  }

  function drawerOf(query: LocationQuery): string {
    return ['account', 'alias', 'new'].map((key) => String(query[key] ?? '')).join('/')
  }

  onBeforeRouteUpdate((to, from) => {
    const wasAgreed = isAgreed
    isAgreed = false
    if (wasAgreed || drawerOf(to.query) === drawerOf(from.query) || !hasUnsaved()) {
      return true
    }
    return askToLeave()
  })

  function open(identity: { kind: Kind; pk: number }, tab = ''): Promise<boolean> {
    return goTo({ [identity.kind]: identity.pk, tab })
  }

  const current = computed(() =>
    url.account > 0
      ? identityKey({ kind: 'account', pk: url.account })
      : url.alias > 0
        ? identityKey({ kind: 'alias', pk: url.alias })
        : '',
  )
  const index = computed(() => list().rows.findIndex((row) => identityKey(row) === current.value))
  const hasBefore = computed(() => index.value > 0 || (index.value === 0 && list().hasPrevious))
  const hasAfter = computed(
    () => index.value >= 0 && (index.value < list().rows.length - 1 || list().hasNext),
  )

  /* A step over the end of the page waits for the rows of the next one. */
  const arriving = ref<-1 | 0 | 1>(0)
  watch(
    () => list().rows,
    (rows) => {
      const row = arriving.value === 1 ? rows[0] : rows[rows.length - 1]
      if (arriving.value !== 0 && row && index.value < 0) {
        arriving.value = 0
        void open(row, url.tab)
      }
    },
  )

  async function step(by: -1 | 1): Promise<void> {
    const row = list().rows[index.value + by]
    if (row) {
      await open(row, url.tab)
    } else if (by === 1 ? hasAfter.value : hasBefore.value) {
      if (!hasUnsaved() || (await goTo({ ...url }))) {
        arriving.value = by
        void (by === 1 ? list().next() : list().previous())
      }
    }
  }

  return { url, open, goTo, close: () => goTo({}), step, hasBefore, hasAfter, current }
}
