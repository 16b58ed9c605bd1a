import { VUE_QUERY_CLIENT } from '@tanstack/vue-query'
import { onScopeDispose, provide } from 'vue'
import { isTransient } from '@/api/errors'
import { queryClient } from '@/api/query'
import { onRecovery } from './connection'
import { onForget } from './session'

/* What was loaded from the server, for all pages of the frame; the login has none of it. */
export function provideServerState(): void {
  queryClient.mount()
  provide(VUE_QUERY_CLIENT, queryClient)
  onScopeDispose(() => queryClient.unmount())
  onForget(() => queryClient.clear())
  onRecovery(() => {
    void queryClient.refetchQueries({
      type: 'active',
      predicate: (query) => isTransient(query.state.error),
    })
  })
}
