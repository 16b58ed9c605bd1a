import { mdiDotsVertical } from '@mdi/js'
import { defineComponent, h, type PropType, type Slot, type VNode } from 'vue'
import type { Column } from './types'

export interface RowProps {
  row: unknown
  columns: Column[]
  /* Of the box that selects it; empty: it cannot be selected. */
  selectLabel: string
  isSelected: boolean
  /* Where the first cell leads; empty: it is a button, or its slot's own. */
  href: string
  /* Of the button that opens its menu; empty: it has none. */
  menuLabel: string
  isMenuOpen: boolean
  /* The table's slots: an object that stays the same, so that a row is drawn anew only when it has changed itself. */
  cells: Readonly<Record<string, Slot | undefined>>
}

function plain(row: unknown, key: string): string {
  const value = (row as Record<string, unknown>)[key]
  return value === null || value === undefined ? '' : String(value)
}

function checkCell(props: RowProps): VNode {
  const box = h('input', {
    type: 'checkbox',
    'aria-label': props.selectLabel,
    checked: props.isSelected,
  })
  return h('td', { role: 'cell', class: 'check' }, [h('label', { class: 'hit' }, [box])])
}

function cell(props: RowProps, column: Column, isFirst: boolean): VNode {
  const slot = props.cells[`cell-${column.key}`]
  const inside = slot ? slot({ row: props.row }) : plain(props.row, column.key)
  const value =
    isFirst && props.href
      ? h('a', { href: props.href, class: 'opener' }, inside)
      : isFirst && !slot
        ? h('button', { type: 'button', class: 'opener' }, inside)
        : h('div', { class: 'value' }, inside)
  return h('td', { key: column.key, role: 'cell', class: [column.align, { first: isFirst }] }, [
    h('span', { class: 'key', 'aria-hidden': 'true' }, column.label),
    value,
  ])
}

function menuCell(props: RowProps): VNode | null {
  const slot = props.cells['row-menu']
  if (!slot && !props.menuLabel) {
    return null
  }
  const button = () =>
    h(
      'button',
      {
        type: 'button',
        class: 'icon-button quiet row-menu',
        'aria-label': props.menuLabel,
        'aria-haspopup': 'menu',
        'aria-expanded': props.isMenuOpen,
      },
      [
        h('svg', { class: 'icon', viewBox: '0 0 24 24', 'aria-hidden': 'true' }, [
          h('path', { d: mdiDotsVertical }),
        ]),
      ],
    )
  return h('td', { role: 'cell', class: 'menu-cell' }, slot ? slot({ row: props.row }) : [button()])
}

/** A row of a DataTable, which listens to what happens in it. */
export const TableRow = defineComponent(
  (props: RowProps) => () =>
    h('tr', { role: 'row', 'data-row': '', tabindex: -1, class: { selected: props.isSelected } }, [
      props.selectLabel ? checkCell(props) : null,
      ...props.columns.map((column, at) => cell(props, column, at === 0)),
      menuCell(props),
    ]),
  {
    name: 'TableRow',
    props: {
      row: { type: null as unknown as PropType<unknown>, required: true },
      columns: { type: Array as PropType<Column[]>, required: true },
      selectLabel: { type: String, required: true },
      isSelected: { type: Boolean, required: true },
      href: { type: String, required: true },
      menuLabel: { type: String, required: true },
      isMenuOpen: { type: Boolean, required: true },
      cells: { type: Object as PropType<RowProps['cells']>, required: true },
    },
  },
)
