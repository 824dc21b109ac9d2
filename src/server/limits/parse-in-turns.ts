import { setImmediate as nextTurn } from 'node:timers/promises'
import { parseExactJsonSteps } from '../../core/json/exact-json.ts'
import { WORK_TURN_MS } from '../../core/limits.ts'

/** A longer text, in bytes, is parsed in turns of its own. */
export const LARGE_MESSAGE_BYTES = 65_536

/** As `parseExactJson`, in turns of the event loop of its own. */
export async function parseInTurns(text: string): Promise<unknown> {
  const steps = parseExactJsonSteps(text)
  for (;;) {
    await nextTurn()
    const until = performance.now() + WORK_TURN_MS
    do {
      const { done, value } = steps.next()
      if (done === true) return nextTurn(value)
    } while (performance.now() < until)
  }
}
