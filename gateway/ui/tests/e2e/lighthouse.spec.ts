import { chromium } from '@playwright/test'
import { expect, test } from './harness'
import { world } from './world'
import { unusedPort } from './port'

/* How fast a page is depends on what else the machine does: told, and held to only where it is asked for. */
const PERFORMANCE_BAR = process.env.ROOST_E2E_PERFORMANCE
const BARS = {
  ...(PERFORMANCE_BAR ? { performance: Number(PERFORMANCE_BAR) } : {}),
  accessibility: 100,
  'best-practices': 100,
}
const CATEGORIES = ['performance', 'accessibility', 'best-practices']
const PAGES = [
  { name: 'login', path: '/login', isPublic: true },
  { name: 'dashboard', path: '/' },
  { name: 'domains', path: '/domains' },
  { name: 'identities', path: '/identities' },
]
const TRIES = 2
/* Lighthouse takes a processor four times as slow as the machine's for a phone's, which is meant for a desktop with an
 * index of 1,500 to 2,000. It measures the index itself: from it comes the factor to the same phone. */
const PHONE_INDEX = 450
const DEFAULT_SLOWDOWN = 4

const PHONE_NETWORK = {
  rttMs: 150,
  throughputKbps: 1638.4,
  requestLatencyMs: 562.5,
  downloadThroughputKbps: 1474.56,
  uploadThroughputKbps: 675,
}

function slowdown(benchmarkIndex: number): number {
  return Math.min(DEFAULT_SLOWDOWN, Math.max(1, benchmarkIndex / PHONE_INDEX))
}

test('Lighthouse: accessibility and best practices 100', async ({ rest, launchOptions }) => {
  test.setTimeout(150_000)
  const { default: lighthouse } = await import('lighthouse')
  const port = await unusedPort()
  const browser = await chromium.launch({
    ...launchOptions,
    args: [...(launchOptions.args ?? []), `--remote-debugging-port=${port}`],
  })
  const { cookies } = await rest.storageState()
  const Cookie = cookies.map((cookie) => `${cookie.name}=${cookie.value}`).join('; ')
  let cpuSlowdownMultiplier = DEFAULT_SLOWDOWN
  try {
    for (const { name, path, isPublic } of PAGES) {
      await test.step(name, async () => {
        let scores: Record<string, number> = {}
        let weak: string[] = []
        for (let attempt = 0; attempt < TRIES; attempt++) {
          const result = await lighthouse(world.url + path, {
            port,
            output: 'json',
            logLevel: 'error',
            onlyCategories: CATEGORIES,
            extraHeaders: isPublic ? {} : { Cookie },
            throttling: { ...PHONE_NETWORK, cpuSlowdownMultiplier },
          })
          const report = result!.lhr
          cpuSlowdownMultiplier = slowdown(report.environment.benchmarkIndex)
          expect(new URL(report.finalDisplayedUrl).pathname).toBe(path)
          scores = Object.fromEntries(
            Object.entries(report.categories).map(([key, category]) => [
              key,
              Math.round((category.score ?? 0) * 100),
            ]),
          )
          weak = Object.values(report.audits)
            .filter((audit) => audit.score !== null && audit.score < 0.9)
            .map((audit) => `${audit.id}: ${audit.displayValue ?? audit.title}`)
          if (Object.entries(BARS).every(([key, bar]) => (scores[key] ?? 0) >= bar)) {
            break
          }
        }
        console.log(
          `       Lighthouse, ${name}: ${Object.values(scores).join('/')}, processor ÷${cpuSlowdownMultiplier.toFixed(1)}`,
        )
        for (const [key, bar] of Object.entries(BARS)) {
          expect
            .soft(scores[key], `${name}, ${key}; ${weak.join('; ')}`)
            .toBeGreaterThanOrEqual(bar)
        }
      })
    }
  } finally {
    await browser.close()
  }
})
