import type { Revision } from '../../../core/version.ts'
import type { LogTail } from '../../log/log-tail.ts'

/**
 * The live edge of one shape: the revisions `from` to `to`. No commit after `from` matched, and `to` is the newest
 * revision that was examined. So the same batch comes next for all positions on the edge.
 */
export class LiveEdge {
  readonly #tail: Pick<LogTail, 'notifiedUpTo'>
  #from: Revision
  #to: Revision
  /** The newest commit that may match. */
  #newestPending: Revision = 0

  /** The cohort starts at revision `at`. */
  constructor(tail: Pick<LogTail, 'notifiedUpTo'>, at: Revision) {
    this.#tail = tail
    this.#from = at
    this.#to = at
  }

  /** A commit may match. */
  markPending(revision: Revision): void {
    // First extend to the commits before this one, of which none matched: they need no read.
    this.extend()
    this.#newestPending = Math.max(this.#newestPending, revision)
  }

  /**
   * Extends the edge to the newest commit that was matched against shapes, unless a commit after the edge may match.
   */
  extend(): void {
    if (!this.hasPending) this.#to = Math.max(this.#to, this.#tail.notifiedUpTo)
  }

  /** The first revision of the range. */
  get from(): Revision {
    return this.#from
  }

  /** The last revision of the range. */
  get to(): Revision {
    return this.#to
  }

  /** Whether a commit after the edge may match. */
  get hasPending(): boolean {
    return this.#newestPending > this.#to
  }

  has(revision: Revision): boolean {
    return revision >= this.#from && revision <= this.#to
  }

  /** `from` for every revision on the edge, so that its readers share cache keys; any other revision as it is. */
  canonical(revision: Revision): Revision {
    this.extend()
    return this.has(revision) ? this.#from : revision
  }

  /** Moves the edge: it is this one revision from now on. */
  move(revision: Revision): void {
    this.#from = revision
    this.#to = revision
  }
}
