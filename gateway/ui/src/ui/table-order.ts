import { mdiArrowDown, mdiArrowUp, mdiUnfoldMoreHorizontal } from '@mdi/js'
import type { Column } from './types'

export type Direction = 'ascending' | 'descending' | 'none'

/** How an ordering, `name` or `-name`, sorts this column; undefined where it cannot. */
export function directionOf(column: Column, ordering: string): Direction | undefined {
  if (!column.sortable) {
    return undefined
  }
  return ordering === column.key
    ? 'ascending'
    : ordering === `-${column.key}`
      ? 'descending'
      : 'none'
}

const ICONS = {
  ascending: mdiArrowUp,
  descending: mdiArrowDown,
  none: mdiUnfoldMoreHorizontal,
}

export function iconOf(direction: Direction | undefined): string {
  return ICONS[direction ?? 'none']
}
