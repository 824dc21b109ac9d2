import { setImmediate as nextTurn } from 'node:timers/promises'
import { DatabaseError } from '../../core/error.ts'
import { WORK_TURN_MS } from '../../core/limits.ts'

/** Reads that run concurrently. */
const READS_AT_ONCE = 16

/** Work that yields to the event loop between its steps. */
export class WorkSlice {
  #turnBegan = performance.now()

  /** Whether the work has to yield. */
  get isLong(): boolean {
    return performance.now() - this.#turnBegan > WORK_TURN_MS
  }

  /** Yields to the event loop. */
  async nextTurn(): Promise<void> {
    await nextTurn()
    this.#turnBegan = performance.now()
  }

  /** The result of steps, each of which takes a few milliseconds at most. */
  async run<T>(steps: Generator<unknown, T>): Promise<T> {
    for (;;) {
      if (this.isLong) await this.nextTurn()
      const { done, value } = steps.next()
      if (done === true) return value
    }
  }

  /** The answers of reads, in order: they are begun one by one, and may run concurrently. */
  async reads<T, R>(items: readonly T[], read: (item: T) => Promise<R>): Promise<readonly R[]> {
    const answers: Promise<R>[] = []
    for (const item of items) {
      // A store that answers without waiting has read by now.
      if (this.isLong) await this.nextTurn()
      const answer = read(item)
      answer.catch(() => undefined)
      answers.push(answer)
      if (answers.length > READS_AT_ONCE) await answers.at(-READS_AT_ONCE)
    }
    return Promise.all(answers)
  }
}

/**
 * Bounds a read of many pages: it yields to the event loop between two pages, and throws TIMEOUT past its time. (The
 * embedded store answers without waiting, so a loop over its pages alone would block the process.)
 */
export class TimeSlice extends WorkSlice {
  readonly #until: number
  readonly #ms: number

  /** `ms`: the time limit of the whole read. */
  constructor(ms: number) {
    super()
    this.#ms = ms
    this.#until = performance.now() + ms
  }

  /** Call between two pages. Throws TIMEOUT once the time is over. */
  async yieldOrTimeOut(): Promise<void> {
    await this.nextTurn()
    if (performance.now() < this.#until) return
    throw new DatabaseError('TIMEOUT', `The read took longer than ${this.#ms} ms; ask for a smaller part.`, {
      outcome: 'NOT_DONE',
    })
  }
}
