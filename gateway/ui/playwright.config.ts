import { delimiter } from 'node:path'
import { defineConfig } from '@playwright/test'

/* Playwright's own, which naming any replaces, and what draws below the address bar: with every window it begins two pages
 * that nobody sees, which cost more than most of ours. */
const ABSENT = [
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'LensOverlay',
  'MediaRouter',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'TcpPortRandomizationWin',
  'OptimizationHints',
  'NetworkTimeServiceQuerying',
  'AimEnabled',
  'PreconnectToSearch',
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
]

/* Started by integration/e2e, which brings the stack; docs/testing.md tells more. */
export default defineConfig({
  testDir: 'tests/e2e',
  outputDir: process.env.ROOST_E2E_OUTPUT ?? 'test-results',
  /* One worker for each stack. */
  workers: (process.env.ROOST_E2E ?? '').split(delimiter).length,
  fullyParallel: true,
  projects: [
    { name: 'together', testIgnore: '**/lighthouse.spec.ts' },
    /* How fast a page is cannot be told while other pages are loaded. */
    { name: 'alone', testMatch: '**/lighthouse.spec.ts', workers: 1 },
  ],
  timeout: 180_000,
  expect: { timeout: 30_000 },
  reporter: [['./tests/e2e/reporter.ts']],
  use: {
    actionTimeout: 30_000,
    navigationTimeout: 60_000,
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    launchOptions: {
      executablePath: process.env.ROOST_E2E_CHROMIUM ?? '/usr/bin/chromium',
      args: [
        ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
        '--disable-gpu',
        '--disable-dev-shm-usage',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        `--disable-features=${ABSENT.join(',')}`,
      ],
    },
  },
})
