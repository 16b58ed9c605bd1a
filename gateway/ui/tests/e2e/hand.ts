import { expect, type Locator, type Page } from '@playwright/test'

const MAX_STEPS = 160

/** Uses a page by mouse, or by keyboard alone; counts what a person would call clicks. */
export class Hand {
  clicks = 0

  constructor(
    readonly page: Page,
    readonly kind: 'mouse' | 'keyboard',
  ) {}

  /** A button, a link, a switch, a box, an entry of a menu. */
  async press(target: Locator): Promise<void> {
    this.clicks++
    if (this.kind === 'mouse') {
      await target.click()
      return
    }
    await this.reach(target)
    await this.page.keyboard.press((await isToggle(target)) ? 'Space' : 'Enter')
  }

  /** Typing is no click; nor is getting to the field. */
  async type(target: Locator, text: string): Promise<void> {
    if (this.kind === 'mouse') {
      await target.fill(text)
      return
    }
    await this.reach(target)
    await this.page.keyboard.press('ControlOrMeta+a')
    await this.page.keyboard.insertText(text)
  }

  /** An option of a native list of choices. */
  async choose(target: Locator, label: string): Promise<void> {
    if (this.kind === 'mouse') {
      await target.selectOption({ label })
      return
    }
    await this.reach(target)
    await this.page.keyboard.type(label)
    await expect(target.locator('option:checked')).toHaveText(label)
  }

  /** Moves the focus there with the keys that lead there: Tab, or the arrows within a group. */
  private async reach(target: Locator): Promise<void> {
    await target.waitFor()
    for (let step = 0; step < MAX_STEPS; step++) {
      const key = await target.evaluate(keyTowards)
      if (key === '') {
        return
      }
      await this.page.keyboard.press(key)
    }
    throw new Error(`the keyboard does not lead to ${target}`)
  }
}

function isToggle(target: Locator): Promise<boolean> {
  return target.evaluate((element) =>
    element.matches('[type=checkbox], [type=radio], [role=switch], [role=checkbox]'),
  )
}

/* Runs in the page: what to press to come nearer, '' when there. */
function keyTowards(element: Element): string {
  const active = document.activeElement
  if (active === element || (active !== null && element.contains(active))) {
    return ''
  }
  const role = element.getAttribute('role') ?? ''
  const group = element.closest('[role=menu], [role=tablist], [role=listbox]')
  const isNext =
    !active || Boolean(active.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING)
  if (group?.contains(active) && ['menuitem', 'tab', 'option'].includes(role)) {
    const isRow = group.getAttribute('role') === 'tablist'
    return isNext && active !== group
      ? isRow
        ? 'ArrowRight'
        : 'ArrowDown'
      : isRow
        ? 'ArrowLeft'
        : 'ArrowDown'
  }
  return isNext ? 'Tab' : 'Shift+Tab'
}
