import { writeFileSync } from 'node:fs'
import type { Reporter, TestCase, TestResult, TestStep } from '@playwright/test/reporter'

/* One line for each test; a test's own steps are counted one by one. The counts go to ROOST_E2E_REPORT. */
export default class Lines implements Reporter {
  private readonly passed: string[] = []
  private readonly failed: string[] = []

  printsToStdio(): boolean {
    return true
  }

  onStdOut(chunk: string | Buffer): void {
    process.stdout.write(chunk)
  }

  onTestEnd(test: TestCase, result: TestResult): void {
    const title = test.titlePath().filter(Boolean).join(' › ')
    const seconds = (result.duration / 1000).toFixed(1)
    if (result.status === 'skipped') {
      return
    }
    const steps = stepsOf(result.steps)
    const broken = steps.filter((step) => step.error)
    const good = steps.filter((step) => !step.error).map((step) => `${title} › ${step.title}`)
    if (result.status === test.expectedStatus) {
      this.passed.push(...(good.length > 0 ? good : [title]))
      console.log(
        `ok     ${title} (${steps.length > 1 ? `${steps.length} checks, ` : ''}${seconds} s)`,
      )
      return
    }
    this.passed.push(...good)
    this.failed.push(
      ...(broken.length > 0 ? broken.map((step) => `${title} › ${step.title}`) : [title]),
    )
    console.log(`FAILED ${title} (${seconds} s)`)
    for (const error of result.errors) {
      console.log(plain(error.message ?? String(error.value)).replace(/^/gm, '       '))
      if (error.location) {
        console.log(`       at ${error.location.file}:${error.location.line}`)
      }
    }
  }

  onError(error: { message?: string; stack?: string }): void {
    this.failed.push(error.message?.split('\n')[0] ?? 'an error outside of tests')
    console.log(`FAILED ${error.stack ?? error.message}`)
  }

  onEnd(): void {
    const path = process.env.ROOST_E2E_REPORT
    if (path) {
      writeFileSync(path, JSON.stringify({ passed: this.passed, failed: this.failed }))
    }
  }
}

function plain(message: string): string {
  // eslint-disable-next-line no-control-regex
  return message.replace(/\x1b\[\d*m/g, '')
}

function stepsOf(steps: TestStep[]): TestStep[] {
  return steps.flatMap((step) =>
    step.category === 'test.step' ? [step] : step.category === 'hook' ? [] : stepsOf(step.steps),
  )
}
