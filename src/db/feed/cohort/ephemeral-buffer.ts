import type { Commit } from '../../../core/commit.ts'
import type { ChangeBatch } from '../../../core/database.ts'
import type { Revision } from '../../../core/version.ts'
import type { FeedPosition, FeedSource, PullWaiter } from './feed-source.ts'
import type { Matcher } from '../../shape/matcher.ts'

/** Ephemeral commits that are retained for readers between two pulls; also the bound of rendered items. */
const MAX_EPHEMERAL = 64

/** Ephemeral commits rendered for a reader. */
interface EphemeralItem<T> {
  readonly item: T
  /** Sequence number of the newest commit in the item. */
  readonly seq: number
}

/**
 * The newest ephemeral commits that match one cohort, with sequence numbers from 1. A reader between two pulls gets the
 * missed ones at its next pull; a reader that missed more than `MAX_EPHEMERAL` loses the oldest.
 */
export class EphemeralBuffer<T, P extends FeedPosition> {
  readonly #source: FeedSource<T, P>
  #commits: readonly Commit[] = []
  #lastSeq = 0
  /** Sequence number up to which the loop has delivered. */
  #deliveredSeq = 0
  /** By revision and number of commits, so that readers with equal needs share one object. */
  readonly #rendered = new Map<string, EphemeralItem<T> | null>()

  constructor(source: FeedSource<T, P>) {
    this.#source = source
  }

  /** Sequence number of the newest commit; 0 before the first one. */
  get lastSeq(): number {
    return this.#lastSeq
  }

  /** Whether a commit has come that the loop has not delivered. */
  get hasUndelivered(): boolean {
    return this.#deliveredSeq < this.#lastSeq
  }

  /** The loop delivers all that have come: to the waiting readers that have not had them. */
  takeUndelivered(): (waiter: PullWaiter<T, P>) => boolean {
    const delivered = this.#lastSeq
    this.#deliveredSeq = delivered
    return ({ ephemeralSeq: seq }) => seq !== null && seq < delivered
  }

  /** Retains a commit for readers at a revision, unless it does not match. */
  add(commit: Commit, at: Revision): void {
    if (this.#source.ephemeralItem([commit], at) === null) return
    this.#commits = [...this.#commits, commit].slice(-MAX_EPHEMERAL)
    this.#lastSeq++
    this.#rendered.clear()
  }

  /**
   * Delivers the commits that a reader at the edge has not had; false when there are none, or it is not live.
   */
  deliverTo(waiter: PullWaiter<T, P>, edge: Revision): boolean {
    const missed = waiter.ephemeralSeq === null ? null : this.#after(waiter.ephemeralSeq, edge)
    if (missed === null) return false
    const next = this.#source.livePosition(edge)
    waiter.resolve({ batch: missed.item, next, upToDate: true, bytes: 0, ephemeralSeq: missed.seq })
    return true
  }

  /** The retained commits after number `seq`, rendered for a reader at a revision; null when there are none. */
  #after(seq: number, at: Revision): EphemeralItem<T> | null {
    const count = Math.min(this.#lastSeq - seq, this.#commits.length)
    if (count <= 0) return null
    const key = `${at} ${count}`
    const cached = this.#rendered.get(key)
    if (cached !== undefined) return cached
    const item = this.#source.ephemeralItem(this.#commits.slice(-count), at)
    const rendered = item === null ? null : { item, seq: this.#lastSeq }
    // The revision may advance while no commit is added: items of older revisions are of no use then.
    if (this.#rendered.size >= MAX_EPHEMERAL) this.#rendered.clear()
    this.#rendered.set(key, rendered)
    return rendered
  }
}

/** The heartbeat `quiet` with the changes of ephemeral commits that match; null when none matches. */
export function ephemeralBatch(matcher: Matcher, commits: readonly Commit[], quiet: ChangeBatch): ChangeBatch | null {
  const changes = commits.flatMap((commit) => {
    const selected = matcher.match(commit)
    // The matcher returns a promise only to read an older version; an ephemeral commit writes a NEW, which has none.
    return selected instanceof Promise ? [] : selected
  })
  return changes.length === 0 ? null : { ...quiet, changes }
}
