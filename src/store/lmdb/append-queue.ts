import type { Appended, Draft, TenantId } from '../store.ts'
import type { SteppedAppend } from './journal/stepped-append.ts'

/** The arguments of one `append` call. */
export interface AppendBatch {
  readonly tenant: TenantId
  readonly drafts: readonly Draft[]
}

interface QueuedAppend extends AppendBatch {
  readonly resolve: (results: readonly Appended[]) => void
  readonly reject: (error: unknown) => void
}

/** One batch alone cannot be written; `cause` is the error, `index` the batch. */
export class BatchFault extends Error {
  readonly index: number

  constructor(index: number, cause: unknown) {
    super(`Batch ${index} cannot be written`, { cause })
    this.index = index
  }
}

/** The results of batches, in order. */
type BatchResults = readonly (readonly Appended[])[]

/**
 * Begins to write batches in one transaction. When it or the append throws, nothing was written: a BatchFault concerns
 * one batch, any other error all of them.
 */
type BatchWriter = (batches: readonly AppendBatch[]) => SteppedAppend<BatchResults>

/** Batches that are being written. */
interface RunningWrite {
  readonly batches: readonly QueuedAppend[]
  readonly append: SteppedAppend<BatchResults>
}

/**
 * Group commit: the appends of all tenants in one turn of the event loop share one transaction and one flush.
 * (A microtask would run between the callbacks of one turn, and so batch a single tenant.) A tenant that was alone the
 * last time does not wait for others. A large one goes on over several turns, and what comes meanwhile waits.
 */
export class AppendQueue {
  readonly #write: BatchWriter
  #queued: QueuedAppend[] = []
  #running: RunningWrite | null = null
  /** Resolve functions of `settled`. */
  #waiting: (() => void)[] = []
  #isScheduled = false
  /** The tenant of the last transaction; null: it had several. */
  #alone: TenantId | null = null

  constructor(write: BatchWriter) {
    this.#write = write
  }

  append(tenant: TenantId, drafts: readonly Draft[]): Promise<readonly Appended[]> {
    return new Promise((resolve, reject) => {
      this.#queued.push({ tenant, drafts, resolve, reject })
      const isFirst = this.#running === null && this.#queued.length === 1
      if (isFirst && tenant === this.#alone) this.#runTurn()
      else this.#schedule()
    })
  }

  /** Whether batches are being written: a read would have to finish them at once. */
  get isWriting(): boolean {
    return this.#running !== null
  }

  /** Resolves when the batches that are being written have their results. */
  async settled(): Promise<void> {
    if (this.#running !== null) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** Writes all queued batches synchronously; each caller gets its result or the error. */
  flush(): void {
    for (let running = this.#begin(); running !== null; running = this.#begin()) {
      running.append.finish()
      this.#settle(running)
    }
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => this.#runTurn())
  }

  #runTurn(): void {
    this.#isScheduled = false
    const running = this.#begin()
    if (running?.append.runTurn() === true) this.#settle(running)
    if (this.#running !== null || this.#queued.length > 0) this.#schedule()
  }

  /** The batches that are being written; else those that are queued, which begin to be. Null: there are none. */
  #begin(): RunningWrite | null {
    if (this.#running !== null || this.#queued.length === 0) return this.#running
    const batches = this.#queued
    this.#queued = []
    const [first] = batches
    this.#alone = first !== undefined && batches.every(({ tenant }) => tenant === first.tenant) ? first.tenant : null
    try {
      this.#running = { batches, append: this.#write(batches) }
    } catch (error) {
      for (const { reject } of batches) reject(error)
    }
    return this.#running
  }

  /** Gives the batches their results, or the error. */
  #settle({ batches, append }: RunningWrite): void {
    this.#running = null
    try {
      const results = append.result
      batches.forEach(({ resolve }, i) => resolve(results[i] ?? []))
    } catch (error) {
      if (error instanceof BatchFault) this.#rejectOne(batches, error)
      else for (const { reject } of batches) reject(error)
    }
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** Rejects one batch. The others stay first in the queue for the next turn. */
  #rejectOne(batches: readonly QueuedAppend[], { index, cause }: BatchFault): void {
    batches[index]?.reject(cause)
    this.#queued = [...batches.filter((_, i) => i !== index), ...this.#queued]
  }
}
