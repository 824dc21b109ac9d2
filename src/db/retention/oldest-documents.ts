import { compareText, pathText, type Path } from '../../core/path.ts'
import type { RetentionBound } from '../../core/retention/rules.ts'
import type { Millis, Version } from '../../core/version.ts'

/** Documents of one collection that are kept in memory: so many of the oldest. */
const MAX_CANDIDATES = 5_000

/** A document that may expire. */
export interface ExpiryCandidate {
  readonly path: Path
  readonly version: number
  readonly createdAt: Millis
}

interface ExpiredDocuments {
  /** Oldest first. */
  readonly documents: readonly ExpiryCandidate[]
  /** Whether there are more than were kept in memory. */
  readonly more: boolean
  /** When the next one becomes too old, ms since 1970; Infinity: none does. */
  readonly nextAt: Millis
}

/** The oldest documents of a collection, by when they were created, in bounded memory. */
export class OldestDocuments {
  #candidates: ExpiryCandidate[] = []
  #count = 0

  add({ path, version, createdAt }: Version): void {
    this.#count++
    this.#candidates.push({ path, version, createdAt })
    if (this.#candidates.length >= 2 * MAX_CANDIDATES) this.#candidates = this.#oldest()
  }

  /** The documents that exceed a bound at a time. */
  beyond({ last, maxAgeMs }: RetentionBound, now: Millis): ExpiredDocuments {
    const oldest = this.#oldest()
    const excess = last === null ? 0 : Math.max(0, this.#count - last)
    const born = maxAgeMs === null ? -Infinity : now - maxAgeMs
    const young = oldest.findIndex(({ createdAt }) => createdAt > born)
    const aged = young < 0 ? oldest.length : young
    const documents = oldest.slice(0, Math.max(excess, aged))
    const next = oldest[documents.length]
    const isCut = this.#count > oldest.length
    return {
      documents,
      more: excess > documents.length || (isCut && aged === oldest.length),
      nextAt: maxAgeMs === null || next === undefined ? Infinity : next.createdAt + maxAgeMs,
    }
  }

  #oldest(): ExpiryCandidate[] {
    const inOrder = this.#candidates.toSorted(
      (a, b) => a.createdAt - b.createdAt || compareText(pathText(a.path), pathText(b.path)),
    )
    return inOrder.slice(0, MAX_CANDIDATES)
  }
}
