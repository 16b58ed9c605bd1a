import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { OneTimeList } from '.'

const rows = [
  { label: 'ann@x.org', secret: 'a,"b"' },
  { label: 'böb@x.org', secret: '=1+1' },
]
const writeText = vi.fn()

beforeEach(() => {
  writeText.mockReset().mockResolvedValue(undefined)
  vi.stubGlobal('navigator', { ...navigator, clipboard: { writeText } })
})

afterEach(() => vi.unstubAllGlobals())

function list(more: Record<string, unknown> = {}) {
  return mount(OneTimeList, { attachTo: document.body, props: { rows, ...more } })
}

function button(shown: ReturnType<typeof list>, text: string) {
  return shown.findAll('button').find((one) => one.text() === text)!
}

/** What the browser is given to save. */
async function saved(shown: ReturnType<typeof list>) {
  const blobs: Blob[] = []
  const names: string[] = []
  URL.createObjectURL = (blob) => `blob:${blobs.push(blob as Blob)}`
  URL.revokeObjectURL = () => {}
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (
    this: HTMLAnchorElement,
  ) {
    names.push(this.download)
  })
  await button(shown, 'Save as CSV').trigger('click')
  const reader = new FileReader()
  const bytes = await new Promise<Uint8Array>((done) => {
    reader.onload = () => done(new Uint8Array(reader.result as ArrayBuffer))
    reader.readAsArrayBuffer(blobs[0]!)
  })
  return { name: names[0], bytes, text: new TextDecoder().decode(bytes) }
}

describe('OneTimeList', () => {
  it('is a table with a caption, and a heading for each row and column', () => {
    const shown = list({ labelTitle: 'Account', secretTitle: 'New password' })
    expect(shown.get('caption').text()).toBe('Shown only once')
    expect(shown.findAll('th[scope=col]').map((one) => one.text())).toEqual([
      'Account',
      'New password',
    ])
    expect(shown.findAll('th[scope=row]').map((one) => one.text())).toEqual(
      rows.map((row) => row.label),
    )
    shown.unmount()
  })

  it('copies one secret, and says so', async () => {
    const shown = list()
    await shown.get('[aria-label="Copy: böb@x.org"]').trigger('click')
    await flushPromises()
    expect(writeText).toHaveBeenCalledWith('=1+1')
    expect(shown.get('[role=status]').text()).toBe('Copied')
    shown.unmount()
  })

  it('copies all, a line for each', async () => {
    const shown = list()
    await button(shown, 'Copy all').trigger('click')
    expect(writeText).toHaveBeenCalledWith('ann@x.org\ta,"b"\nböb@x.org\t=1+1')
    shown.unmount()
  })

  it('says when the browser does not allow copying', async () => {
    writeText.mockRejectedValue(new Error('no'))
    const shown = list()
    await button(shown, 'Copy all').trigger('click')
    await flushPromises()
    expect(shown.get('[role=status]').text()).toContain('did not allow copying')
    shown.unmount()
  })

  it('saves a file that spreadsheets read as UTF-8 and do not run', async () => {
    const shown = list()
    const { name, bytes, text } = await saved(shown)
    expect(name).toBe('roost.csv')
    expect([...bytes.slice(0, 3)]).toEqual([0xef, 0xbb, 0xbf])
    expect(text).toBe(`Address,Password\r\nann@x.org,"a,""b"""\r\nböb@x.org,'=1+1\r\n`)
    shown.unmount()
  })

  it('saves under the name and the headings it is given', async () => {
    const shown = list({ fileName: 'new.csv', labelTitle: 'Account', secretTitle: 'Key' })
    const { name, text } = await saved(shown)
    expect(name).toBe('new.csv')
    expect(text.split('\r\n')[0]).toBe('Account,Key')
    shown.unmount()
  })

  it('marks itself as what is printed, only while it is', async () => {
    const shown = list()
    const marked: boolean[] = []
    vi.stubGlobal('print', () => marked.push(shown.classes('printing')))
    await button(shown, 'Print').trigger('click')
    await flushPromises()
    expect(marked).toEqual([true])
    expect(shown.classes('printing')).toBe(false)
    shown.unmount()
  })
})
