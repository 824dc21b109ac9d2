import type { Payload } from './payload.ts'

interface RetainedEntry {
  readonly payloads: Map<string, unknown>
  readonly cohort: string
  readonly bytes: number
}

/**
 * The newest payloads that were made of events, of all cohorts, bounded together. An event may be kept by others for long,
 * who count only what it holds itself: what many operations made of it is let go here.
 */
export class RetainedPayloads {
  readonly #maxBytes: number
  /** In the order in which they came. */
  readonly #entries = new Set<RetainedEntry>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Keeps in `made` what a cohort gets, for as long as there is room. */
  retain(payloads: Map<string, unknown>, cohort: string, payload: Payload): void {
    payloads.set(cohort, payload)
    const bytes = payload.maxBytes
    this.#entries.add({ payloads, cohort, bytes })
    this.#bytes += bytes
    for (const oldest of this.#entries) {
      if (this.#bytes <= this.#maxBytes || this.#entries.size === 1) return
      this.#entries.delete(oldest)
      this.#bytes -= oldest.bytes
      oldest.payloads.delete(oldest.cohort)
    }
  }
}
