import type { Revision } from '../../../core/version.ts'
import type { LogTail } from '../../log/log-tail.ts'

/**
 * The live edge of one shape: the places between which nothing matched, up to the newest that was looked through. All who
 * stand there wait for the same.
 */
export class LiveEdge {
  readonly #tail: Pick<LogTail, 'indexed'>
  #from: Revision
  #to: Revision
  /** The newest commit that may match. */
  #dirty: Revision = 0

  /** Nothing is followed before `at`. */
  constructor(tail: Pick<LogTail, 'indexed'>, at: Revision) {
    this.#tail = tail
    this.#from = at
    this.#to = at
  }

  /** A commit may match. */
  markDirty(revision: Revision): void {
    // All before it need not be read again.
    this.settle()
    this.#dirty = Math.max(this.#dirty, revision)
  }

  /** Without a commit that may match, all that was looked through for shapes is quiet. */
  settle(): void {
    if (!this.hasPending) this.#to = Math.max(this.#to, this.#tail.indexed)
  }

  /** Where it begins. */
  get from(): Revision {
    return this.#from
  }

  /** Nothing matches from where it begins up to here. */
  get to(): Revision {
    return this.#to
  }

  /** Whether a commit after it may match. */
  get hasPending(): boolean {
    return this.#dirty > this.#to
  }

  has(position: Revision): boolean {
    return position >= this.#from && position <= this.#to
  }

  /** The same place for all between which nothing matched: so they share what comes next. */
  canonical(position: Revision): Revision {
    this.settle()
    return this.has(position) ? this.#from : position
  }

  /** It is there, and nowhere else. */
  move(position: Revision): void {
    this.#from = position
    this.#to = position
  }
}
