import { computed, reactive } from 'vue'
import { isAborted, problem } from '@/api/errors'

export type TaskState = 'running' | 'done' | 'failed' | 'cancelled'

/* Tells how far a task is; `note` replaces the line below its title. */
export type Report = (done: number, total?: number, note?: string) => void

export interface TaskInit {
  title: string
  total?: number
  /* A text that is returned is shown as the result. */
  run: (report: Report, signal: AbortSignal) => Promise<string | void>
}

export interface Task {
  id: number
  title: string
  state: TaskState
  done: number
  total: number
  note: string
  error: string
  startedAt: number
}

const KEPT = 20
const items = reactive<Task[]>([])
const controllers = new Map<number, AbortController>()
const running = computed(() => items.filter((task) => task.state === 'running'))
let nextId = 1

function warnBeforeLeaving(event: BeforeUnloadEvent): void {
  event.preventDefault()
}

function begin(id: number): AbortController {
  const controller = new AbortController()
  controllers.set(id, controller)
  window.addEventListener('beforeunload', warnBeforeLeaving)
  return controller
}

function end(id: number): void {
  controllers.delete(id)
  if (controllers.size === 0) {
    window.removeEventListener('beforeunload', warnBeforeLeaving)
  }
  const finished = items.filter((task) => task.state !== 'running')
  finished.slice(KEPT).forEach((task) => dismiss(task.id))
}

/* Runs long work in the tray. The promise is settled when the work is, and never rejected. */
async function start(init: TaskInit): Promise<TaskState> {
  const id = nextId++
  const controller = begin(id)
  items.unshift({
    id,
    title: init.title,
    state: 'running',
    done: 0,
    total: init.total ?? 0,
    note: '',
    error: '',
    startedAt: Date.now(),
  })
  const task = items[0]!
  const report: Report = (done, total, note) => {
    task.done = done
    task.total = total ?? task.total
    task.note = note ?? task.note
  }
  try {
    task.note = (await init.run(report, controller.signal)) ?? task.note
    task.state = controller.signal.aborted ? 'cancelled' : 'done'
  } catch (error) {
    task.state = controller.signal.aborted || isAborted(error) ? 'cancelled' : 'failed'
    task.error = task.state === 'failed' ? problem(error).detail : ''
  }
  end(id)
  return task.state
}

function cancel(id: number): void {
  controllers.get(id)?.abort()
}

function dismiss(id: number): void {
  const index = items.findIndex((task) => task.id === id && task.state !== 'running')
  if (index >= 0) {
    items.splice(index, 1)
  }
}

export function useTasks() {
  return { items, running, start, cancel, dismiss }
}
