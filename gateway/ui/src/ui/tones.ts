import {
  mdiAlert,
  mdiAlertCircle,
  mdiCheckCircle,
  mdiCircleOutline,
  mdiHelpCircleOutline,
  mdiProgressClock,
} from '@mdi/js'
import type { Tone } from './types'

/** The icon that says the same as the colour. */
export const TONE_ICONS: Record<Tone, string> = {
  ok: mdiCheckCircle,
  bad: mdiAlertCircle,
  warn: mdiAlert,
  unknown: mdiHelpCircleOutline,
  neutral: mdiCircleOutline,
  busy: mdiProgressClock,
}
