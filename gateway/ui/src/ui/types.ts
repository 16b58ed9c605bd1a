import type { RouteLocationRaw } from 'vue-router'

/** Something good, bad, doubtful, not known, neither, or still going on. */
export type Tone = 'ok' | 'bad' | 'warn' | 'unknown' | 'neutral' | 'busy'

export interface Option {
  value: string
  label: string
  hint?: string
}

/** What all fields have in common. `error` is what the server or the form says about the value. */
export interface FieldProps {
  label: string
  hint?: string | undefined
  error?: string | string[] | undefined
  required?: boolean
  disabled?: boolean
  /** Of the input itself, so that an ErrorSummary can link to it. */
  id?: string | undefined
}

export interface Column {
  key: string
  label: string
  sortable?: boolean
  align?: 'start' | 'end'
  hideable?: boolean
  /** s, m, l: a hint to the layout, or nothing: as wide as the content. */
  width?: string
}

export interface MenuItem {
  key: string
  label: string
  icon?: string
  danger?: boolean
  disabled?: boolean
  disabledReason?: string
  to?: RouteLocationRaw
}

export interface Tab {
  key: string
  label: string
  badge?: string | number
  dirty?: boolean
}

export interface Chip {
  key: string
  label: string
}

export interface FieldError {
  /** The id of the field to go to. */
  id: string
  label: string
  message: string
}

export interface TimelineItem {
  key: string
  title: string
  tone?: Tone
  /** Already formatted. */
  time?: string
  detail?: string
}

export interface OneTimeRow {
  label: string
  secret: string
}

/* What a table sees of its menu. */
export interface RowMenuHandle {
  /* True if it was for the menu. */
  click: (event: MouseEvent) => boolean
  on: object
  open: boolean
  button: Element | null
}
