import { WorkSlice } from './time-slice.ts'

const ignore = (): void => {}

/**
 * Runs the steps of calls one call after another, in their order: short ones at once, long ones in several turns
 * (docs/adr/0014-large-writes-are-checked-in-several-turns.md).
 */
export class OrderedSteps {
  /** Settles when the last call that runs or waits is over; null: none does. */
  #last: Promise<void> | null = null

  /** Runs the steps of a call; the first of them before it returns. The result, or a promise where it must wait. */
  run<T>(steps: Generator<undefined, T>): T | Promise<T> {
    const before = this.#last
    const slice = new WorkSlice()
    let each = steps.next()
    if (before === null) {
      while (each.done !== true && !slice.isLong) each = steps.next()
      if (each.done === true) return each.value
    }
    const result = runAfter(before, each, steps)
    const last = result.then(ignore, ignore)
    this.#last = last
    void last.then(() => {
      if (this.#last === last) this.#last = null
    })
    return result
  }

  /** Resolves when no call runs or waits. */
  async settled(): Promise<void> {
    while (this.#last !== null) await this.#last
  }
}

/** Goes on behind the step `each` of a call when the call before it is over. */
async function runAfter<T>(
  before: Promise<void> | null,
  each: IteratorResult<undefined, T>,
  steps: Generator<undefined, T>,
): Promise<T> {
  await before
  if (each.done === true) return each.value
  const slice = new WorkSlice()
  await slice.nextTurn()
  return slice.run(steps)
}
