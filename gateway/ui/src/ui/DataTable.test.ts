import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { DataTable } from '.'

interface Row {
  pk: string
  name: string
}

const rows: Row[] = ['a', 'b', 'c'].map((pk) => ({ pk, name: `row ${pk}` }))

function table(more: Record<string, unknown> = {}) {
  return mount(DataTable<Row>, {
    attachTo: document.body,
    props: {
      columns: [{ key: 'name', label: 'Name', sortable: true }],
      rows,
      rowKey: (row: Row) => row.pk,
      rowLabel: (row: Row) => row.name,
      selectable: true,
      ...more,
    },
  })
}

describe('DataTable', () => {
  it('says and changes the order', async () => {
    const shown = table({ ordering: 'name' })
    expect(shown.get('[aria-sort]').attributes('aria-sort')).toBe('ascending')
    await shown.get('.sort').trigger('click')
    expect(shown.emitted('update:ordering')).toEqual([['-name']])
    shown.unmount()
  })

  it('selects a row, a range and the page', async () => {
    const shown = table()
    const boxes = shown.findAll('tbody input')
    await boxes[0]?.trigger('click')
    await boxes[2]?.trigger('click', { shiftKey: true })
    expect(shown.emitted('update:selected')?.[1]?.[0]).toEqual(new Set(['a', 'b', 'c']))
    await shown.get('thead input').trigger('change')
    expect(shown.emitted('update:selected')?.[2]?.[0]).toEqual(new Set(['a', 'b', 'c']))
    shown.unmount()
  })

  it('is walked, selected and opened by keys', async () => {
    const shown = table()
    const press = (key: string) =>
      (document.activeElement ?? document.body).dispatchEvent(
        new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }),
      )
    press('j')
    press('j')
    press('x')
    press('Enter')
    expect(shown.emitted('update:selected')?.[0]?.[0]).toEqual(new Set(['b']))
    expect(shown.emitted('open')).toEqual([[rows[1]]])
    shown.unmount()
  })

  it('keeps room while it loads and says when there is nothing', async () => {
    const shown = table({ rows: [], loading: true, placeholders: 4 })
    expect(shown.findAll('.placeholder')).toHaveLength(4)
    await shown.setProps({ loading: false })
    expect(shown.text()).toContain('Nothing here.')
    shown.unmount()
  })
})
