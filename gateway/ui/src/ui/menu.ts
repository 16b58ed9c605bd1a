import {
  cloneVNode,
  Comment,
  Fragment,
  nextTick,
  onBeforeUnmount,
  ref,
  Text,
  type FunctionalComponent,
  type Ref,
  type VNode,
} from 'vue'
import { place } from './popup'

const TYPED_MS = 600

function firstElement(nodes: VNode[] | undefined): VNode | null {
  for (const node of nodes ?? []) {
    const found = node.type === Fragment ? firstElement(node.children as VNode[]) : node
    if (found && found.type !== Comment && found.type !== Text) {
      return found
    }
  }
  return null
}

/** Gives the first thing in its slot the attributes it gets itself. */
export const MenuTrigger: FunctionalComponent = (_, { slots, attrs }) => {
  const trigger = firstElement(slots.default?.())
  return trigger ? cloneVNode(trigger, attrs) : null
}
MenuTrigger.inheritAttrs = false

/** The menu button of the ARIA practices: what opens, closes and walks through a menu in the top layer. */
export function useMenu(popup: Ref<HTMLElement | null>) {
  const open = ref(false)
  let anchor: HTMLElement | null = null
  let typed = ''
  let typedAt = 0

  function items(): HTMLElement[] {
    return [...(popup.value?.querySelectorAll<HTMLElement>('[role^=menuitem]') ?? [])]
  }

  function go(index: number): void {
    const all = items()
    all[(index + all.length) % all.length]?.focus()
  }

  async function show(at: HTMLElement, last = false): Promise<void> {
    anchor = at
    open.value = true
    await nextTick()
    if (popup.value) {
      popup.value.showPopover?.()
      place(popup.value, at, 'end')
      go(last ? -1 : 0)
    }
    document.addEventListener('pointerdown', onOutside, true)
    window.addEventListener('scroll', onScroll, true)
    window.addEventListener('resize', leave)
  }

  /** The focus goes back to the button unless the reader has put it elsewhere. */
  function close(back = true): void {
    if (open.value) {
      open.value = false
      document.removeEventListener('pointerdown', onOutside, true)
      window.removeEventListener('scroll', onScroll, true)
      window.removeEventListener('resize', leave)
      if (back) {
        anchor?.focus()
      }
    }
  }

  function leave(): void {
    close(false)
  }

  function onOutside(event: Event): void {
    const target = event.target as Node
    if (!popup.value?.contains(target) && !anchor?.contains(target)) {
      leave()
    }
  }

  function onScroll(event: Event): void {
    if (!popup.value?.contains(event.target as Node)) {
      leave()
    }
  }

  function find(key: string): void {
    const now = Date.now()
    typed = now - typedAt < TYPED_MS ? typed + key : key
    typedAt = now
    const all = items()
    const from =
      all.findIndex((item) => item === document.activeElement) + (typed.length === 1 ? 1 : 0)
    const order = [...all.slice(from), ...all.slice(0, from)]
    order
      .find((item) => item.textContent?.trim().toLowerCase().startsWith(typed.toLowerCase()))
      ?.focus()
  }

  function onKey(event: KeyboardEvent): void {
    const at = items().findIndex((item) => item === document.activeElement)
    const moves: Record<string, () => void> = {
      ArrowDown: () => go(at + 1),
      ArrowUp: () => go(at - 1),
      Home: () => go(0),
      End: () => go(-1),
      Escape: () => close(),
    }
    const move = moves[event.key]
    if (move) {
      event.preventDefault()
      event.stopPropagation()
      move()
    } else if (event.key === 'Tab') {
      close()
    } else if (event.key.length === 1 && event.key !== ' ' && !event.ctrlKey && !event.metaKey) {
      event.preventDefault()
      event.stopPropagation()
      find(event.key)
    }
  }

  const trigger = {
    onClick: (event: MouseEvent) => {
      if (open.value) {
        close()
      } else {
        void show(event.currentTarget as HTMLElement)
      }
    },
    onKeydown: (event: KeyboardEvent) => {
      if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
        event.preventDefault()
        void show(event.currentTarget as HTMLElement, event.key === 'ArrowUp')
      }
    },
  }

  onBeforeUnmount(leave)

  return { open, close, show, trigger, onKey }
}
