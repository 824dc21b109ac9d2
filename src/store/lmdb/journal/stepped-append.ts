import { WORK_TURN_MS } from '../../../core/limits.ts'

/**
 * Steps of a write. After one that yields `TURN_END` the turn of the event loop ends, as the next step may take all of
 * a turn; after others it ends once they have taken long.
 */
export type AppendSteps<T> = Generator<'TURN_END' | undefined, T>

type Outcome<T> = { readonly kind: 'done'; readonly result: T } | { readonly kind: 'failed'; readonly error: unknown }

/**
 * An append that goes on over several turns of the event loop, or is finished at once where something else must run
 * (docs/adr/0013-large-appends-take-several-turns.md).
 */
export class SteppedAppend<T> {
  readonly #steps: AppendSteps<T>
  #outcome: Outcome<T> | null = null

  constructor(steps: AppendSteps<T>) {
    this.#steps = steps
  }

  /** Runs the steps of one turn. Never throws; whether all are done. */
  runTurn(): boolean {
    const began = performance.now()
    while (this.#outcome === null) {
      if (this.#next() === 'TURN_END' || performance.now() - began > WORK_TURN_MS) break
    }
    return this.#outcome !== null
  }

  /** Runs all steps that are left. Never throws. */
  finish(): void {
    while (this.#outcome === null) this.#next()
  }

  /** The result, once all steps are done. Throws what a step has thrown. */
  get result(): T {
    if (this.#outcome === null) throw new Error('The append is not finished.')
    if (this.#outcome.kind === 'failed') throw this.#outcome.error
    return this.#outcome.result
  }

  #next(): 'TURN_END' | undefined {
    try {
      const { done, value } = this.#steps.next()
      if (done !== true) return value
      this.#outcome = { kind: 'done', result: value }
    } catch (error) {
      this.#outcome = { kind: 'failed', error }
    }
    return undefined
  }
}
