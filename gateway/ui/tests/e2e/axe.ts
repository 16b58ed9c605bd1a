import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type axe from 'axe-core'
import type { Page } from '@playwright/test'
import type { Sight } from './pages'

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
/* Dark has the same elements as light: only what depends on colours is looked at again. */
const COLOUR_RULES = ['color-contrast', 'link-in-text-block']

/* The small form: browsers have half as much to read. */
const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export type Scheme = 'light' | 'dark'

/** What axe finds wrong with what the page shows, one line for each element. */
export async function findings(page: Page, sight: Sight, scheme: Scheme): Promise<string[]> {
  const options: axe.RunOptions = {
    runOnly:
      scheme === 'light' ? { type: 'tag', values: TAGS } : { type: 'rule', values: COLOUR_RULES },
    rules: sight.isCovered ? { 'target-size': { enabled: false } } : {},
    /* All is looked at; only what is wrong is described, not also the thousands of elements that are right. */
    resultTypes: ['violations'],
  }
  if (!(await page.evaluate(() => 'axe' in window))) {
    await page.evaluate(SOURCE)
  }
  return page.evaluate(async (given) => {
    const { violations } = await window.axe.run(document, given)
    return violations.flatMap((one) =>
      one.nodes.map((node) => `${one.id}: ${node.target.join(' ')}: ${node.failureSummary}`),
    )
  }, options)
}

declare global {
  interface Window {
    axe: typeof axe
  }
}
