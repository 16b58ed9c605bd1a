import { useI18n } from 'vue-i18n'
import { megabytes, number } from '@/lib/format'
import type { PlanFault } from './plan'

/* What is wrong with a line of the paste box, in words. */
export function useRowFaults() {
  const { t } = useI18n()
  return (fault: PlanFault): string => {
    const args: Record<string, string> = {}
    for (const [key, value] of Object.entries(fault.args ?? {})) {
      args[key] =
        key === 'left'
          ? megabytes(Number(value))
          : typeof value === 'number'
            ? number(value)
            : value
    }
    return t(`domains.row.${fault.code}`, args)
  }
}
