import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { matching, pageCommands, type Command } from './commands'
import { findObjects, type Found } from './find'
import { useSections } from './nav'
import { ownCommands } from './own-commands'
import { useSession } from './session'

const PAUSE_MS = 150
const N_COMMANDS = 8

/* What the palette shows for the text in it. */
export function usePalette() {
  const { t } = useI18n()
  const sections = useSections()
  const { isSuperAdmin } = useSession()
  const text = ref('')
  const found = shallowRef<Found[]>([])
  const isSearching = ref(false)
  const isPartial = ref(false)
  const commands = shallowRef<Command[]>([])
  let controller: AbortController | undefined
  let timer: number | undefined

  const translate = (key: string, named: Record<string, unknown> = {}) => t(key, named)
  void pageCommands(translate).then((loaded) => {
    commands.value = loaded
  })

  const pages = computed(() =>
    matching(
      sections.value.map((section) => ({
        key: `go-${section.key}`,
        label: t(`shell.section.${section.key}`),
        to: section.to,
        icon: section.icon,
      })),
      text.value,
    ),
  )
  const actions = computed(() => {
    const isPage = (command: Command) => sections.value.some((section) => section.to === command.to)
    const others = isSuperAdmin.value ? commands.value.filter((command) => !isPage(command)) : []
    const all = matching([...others, ...ownCommands(translate)], text.value)
    return text.value.trim() ? all.slice(0, N_COMMANDS) : all.slice(0, others.length + 1)
  })

  async function search(wanted: string): Promise<void> {
    controller?.abort()
    const mine = new AbortController()
    controller = mine
    const findings = await findObjects(wanted, mine.signal)
    if (!mine.signal.aborted) {
      found.value = findings.found
      isPartial.value = findings.isPartial
      isSearching.value = false
    }
  }

  watch(text, (now) => {
    const wanted = now.trim()
    window.clearTimeout(timer)
    if (!isSuperAdmin.value || wanted === '') {
      controller?.abort()
      found.value = []
      isSearching.value = false
      return
    }
    isSearching.value = true
    timer = window.setTimeout(() => void search(wanted), PAUSE_MS)
  })
  onScopeDispose(() => {
    window.clearTimeout(timer)
    controller?.abort()
  })
  return { text, found, isSearching, isPartial, pages, actions }
}
