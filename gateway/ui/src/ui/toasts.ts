import { reactive, readonly } from 'vue'
import type { Tone } from './types'

export interface ToastOptions {
  tone: Tone
  text: string
  /** Offered beside the text, for example Undo. The toast goes when it has run. */
  action?: { label: string; run: () => Promise<void> | void }
  seconds?: number
}

export interface ToastItem extends ToastOptions {
  id: number
  busy: boolean
}

const SECONDS = 5
const SECONDS_WITH_ACTION = 10
const SHOWN_MAX = 4

const items = reactive<ToastItem[]>([])
const timers = new Map<
  number,
  { left_ms: number; since: number; timer?: ReturnType<typeof setTimeout> }
>()
let next = 1
let paused = false

function start(id: number): void {
  const clock = timers.get(id)
  if (clock && !paused) {
    clock.since = Date.now()
    clock.timer = setTimeout(() => dismiss(id), clock.left_ms)
  }
}

function show(options: ToastOptions): number {
  const id = next
  next += 1
  items.push({ ...options, id, busy: false })
  const seconds = options.seconds ?? (options.action ? SECONDS_WITH_ACTION : SECONDS)
  timers.set(id, { left_ms: seconds * 1000, since: Date.now() })
  start(id)
  while (items.length > SHOWN_MAX && items[0]) {
    dismiss(items[0].id)
  }
  return id
}

function dismiss(id: number): void {
  clearTimeout(timers.get(id)?.timer)
  timers.delete(id)
  const index = items.findIndex((item) => item.id === id)
  if (index >= 0) {
    items.splice(index, 1)
  }
  if (items.length === 0) {
    paused = false
  }
}

/** Stops the clocks while the reader is at the toasts or away from the window. */
function pause(): void {
  if (paused) {
    return
  }
  paused = true
  for (const clock of timers.values()) {
    clearTimeout(clock.timer)
    clock.left_ms = Math.max(1000, clock.left_ms - (Date.now() - clock.since))
  }
}

function resume(): void {
  if (paused) {
    paused = false
    for (const id of timers.keys()) {
      start(id)
    }
  }
}

async function act(id: number): Promise<void> {
  const item = items.find((one) => one.id === id)
  if (!item?.action || item.busy) {
    return
  }
  item.busy = true
  clearTimeout(timers.get(id)?.timer)
  timers.delete(id)
  try {
    await item.action.run()
  } finally {
    dismiss(id)
  }
}

/** Short messages at the edge of the window. Shared by the whole application; ToastRegion shows them. */
export function useToasts() {
  return { items: readonly(items) as readonly ToastItem[], show, dismiss, pause, resume, act }
}
