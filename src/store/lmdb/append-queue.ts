import type { Appended, Draft, TenantId } from '../store.ts'

/** What one caller wants to append. */
export interface Batch {
  readonly tenant: TenantId
  readonly drafts: readonly Draft[]
}

interface Waiting extends Batch {
  readonly resolve: (results: readonly Appended[]) => void
  readonly reject: (error: unknown) => void
}

/** Writes batches in one go: of each batch its results, in order. What it throws concerns them all. */
export type Writer = (batches: readonly Batch[]) => readonly (readonly Appended[])[]

/**
 * Gathers what all tenants append during one turn of the event loop, so that it shares one transaction and one flush.
 * (A microtask would run between the callbacks of one turn and so gather a single tenant.)
 */
export class AppendQueue {
  readonly #write: Writer
  #waiting: Waiting[] = []

  constructor(write: Writer) {
    this.#write = write
  }

  append(tenant: TenantId, drafts: readonly Draft[]): Promise<readonly Appended[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ tenant, drafts, resolve, reject })
      if (this.#waiting.length === 1) setImmediate(() => this.flush())
    })
  }

  /** Writes what waits; each caller gets its result or the error. */
  flush(): void {
    const batches = this.#waiting
    this.#waiting = []
    if (batches.length === 0) return
    try {
      const results = this.#write(batches)
      batches.forEach(({ resolve }, i) => resolve(results[i] ?? []))
    } catch (error) {
      for (const { reject } of batches) reject(error)
    }
  }
}
