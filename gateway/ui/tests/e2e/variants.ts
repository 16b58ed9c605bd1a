import { test } from './harness'

const WIDTHS = [1280, 360]
const HANDS = ['mouse', 'keyboard'] as const

/** Tells a flow four times: by mouse and by keyboard alone, on a desk and on a phone. */
export function eachWay(tell: () => void): void {
  for (const width of WIDTHS) {
    for (const by of HANDS) {
      test.describe(`${by}, ${width} px`, () => {
        test.use({ width, by })
        tell()
      })
    }
  }
}
