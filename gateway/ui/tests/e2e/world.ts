import { readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/* What integration/e2e has prepared: integration/lib/e2e/world.py. */
export interface World {
  url: string
  data: string
  supervisor: number
  resolver: number
  admin: { username: string; password: string }
  user: { pk: number; username: string; password: string }
  hostile: { pk: number }
  alias: { pk: number }
  domains: Record<string, number>
  seeded: { password: string; accounts: number }
}

/** One for each stack. */
export const WORLDS = (process.env.ROOST_E2E ?? '').split(delimiter)

/* Each worker has a stack of its own: what one writes, kills or fills is not seen by the other. */
const mine = WORLDS[Number(process.env.TEST_PARALLEL_INDEX ?? 0)] ?? ''

export const world: World = JSON.parse(readFileSync(mine, 'utf8'))

function pidOf(service: string): number {
  const line = readFileSync(join(world.data, 'pids'), 'utf8')
    .split('\n')
    .find((text) => text.startsWith(service + '='))
  return Number(line?.split('=')[1])
}

/** Kills a service and keeps it from coming back until the returned function is called. */
export function takeDown(service: string): () => void {
  process.kill(world.supervisor, 'SIGSTOP')
  process.kill(pidOf(service), 'SIGKILL')
  return () => process.kill(world.supervisor, 'SIGCONT')
}

let count = 0
/** A name that no other test and no earlier run has. */
export function unique(prefix: string): string {
  return `${prefix}-${Date.now().toString(36)}${(count++).toString(36)}`
}
