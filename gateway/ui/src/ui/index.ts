/* The kit. What is not exported here is nobody's business. */
export { default as AppButton } from './AppButton.vue'
export { default as AppDialog } from './AppDialog.vue'
export { default as AppDrawer } from './AppDrawer.vue'
export { default as AppField } from './AppField.vue'
export { default as AppIcon } from './AppIcon.vue'
export { default as AppMenu } from './AppMenu.vue'
export { default as AppPage } from './AppPage.vue'
export { default as AppTabs } from './AppTabs.vue'
export { default as AppTooltip } from './AppTooltip.vue'
export { BareSwitch } from './BareSwitch'
export { default as Banner } from './Banner.vue'
export { default as BulkBar } from './BulkBar.vue'
export { default as CheckboxField } from './CheckboxField.vue'
export { default as ColumnMenu } from './ColumnMenu.vue'
export { default as ComboField } from './ComboField.vue'
export { default as ConfirmDialog } from './ConfirmDialog.vue'
export { default as CopyField } from './CopyField.vue'
export { default as DataTable } from './DataTable.vue'
export { default as DateTimeField } from './DateTimeField.vue'
export { default as DiffView } from './DiffView.vue'
export { default as EmptyState } from './EmptyState.vue'
export { default as ErrorSummary } from './ErrorSummary.vue'
export { default as FilterBar } from './FilterBar.vue'
export { default as IconButton } from './IconButton.vue'
export { default as NumberField } from './NumberField.vue'
export { default as OneTimeList } from './OneTimeList.vue'
export { default as PageSection } from './PageSection.vue'
export { default as Pager } from './Pager.vue'
export { default as PasswordField } from './PasswordField.vue'
export { default as ProgressBar } from './ProgressBar.vue'
export { default as QuotaBar } from './QuotaBar.vue'
export { default as SchemaForm } from './SchemaForm.vue'
export { default as SelectField } from './SelectField.vue'
export { default as SizeField } from './SizeField.vue'
export { default as Skeleton } from './Skeleton.vue'
export { default as StatusPill } from './StatusPill.vue'
export { default as SwitchField } from './SwitchField.vue'
export { default as TagsField } from './TagsField.vue'
export { default as TextArea } from './TextArea.vue'
export { default as TextField } from './TextField.vue'
export { default as Timeline } from './Timeline.vue'
export { default as ToastRegion } from './ToastRegion.vue'
export { useToasts, type ToastItem, type ToastOptions } from './toasts'
export { useCopy } from './copy'
export { csv } from './csv'
export type { Schema } from './schema'
export type {
  Chip,
  Column,
  FieldError,
  FieldProps,
  MenuItem,
  OneTimeRow,
  Option,
  Tab,
  TimelineItem,
  Tone,
} from './types'
