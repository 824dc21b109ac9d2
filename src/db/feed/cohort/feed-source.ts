import type { Commit } from '../../../core/commit.ts'
import type { Revision } from '../../../core/version.ts'

/** How far a reader has come. */
export interface FeedPosition {
  /** Every matching change up to this revision was delivered. */
  readonly revision: Revision
  /** Whether the last batch said `upToDate`: at the live edge the reader then waits for the next one. */
  readonly live: boolean
  /**
   * Position within a snapshot, and the like, as the source defines it: equal texts mean equal positions. Undefined:
   * none.
   */
  readonly phase?: string | undefined
}

/** The result of one read of a source. */
export interface FeedStep<T, P extends FeedPosition = FeedPosition> {
  /** Null: nothing matched up to `next`, which is the live edge, or where the read paused. */
  readonly batch: T | null
  readonly next: P
  /** Whether the read reached the end of the log. */
  readonly upToDate: boolean
  /** Estimated memory of the batch. */
  readonly bytes: number
  /** Sequence number of the newest ephemeral commit in the batch; undefined when the batch is of the log. */
  readonly ephemeralSeq?: number | undefined
}

/** A kind of feed: it reads and never waits for new commits. */
export interface FeedSource<T, P extends FeedPosition = FeedPosition> {
  /**
   * Reads on after a position, up to a revision. At the end of the log, a reader that is not `live` gets a batch in any
   * case.
   */
  read(from: P, until: Revision): Promise<FeedStep<T, P>>
  /**
   * The batch without changes that is sent when nothing else was for `heartbeatMs`; null: this kind of feed has none.
   */
  heartbeat(revision: Revision, upToDate: boolean): T | null
  /** The position of a live reader at a revision. */
  livePosition(revision: Revision): P
  /**
   * The batch that shows ephemeral commits to live readers at a revision; null: none matches, or this kind shows none.
   */
  ephemeralItem(commits: readonly Commit[], revision: Revision): T | null
}

/** The heartbeat of a reader at a position; null: this kind of feed has none. */
export function heartbeatStep<T, P extends FeedPosition>(
  source: FeedSource<T, P>,
  position: P,
  upToDate: boolean,
): FeedStep<T, P> | null {
  const batch = source.heartbeat(position.revision, upToDate)
  return batch === null ? null : { batch, next: upToDate ? position : { ...position, live: false }, upToDate, bytes: 0 }
}

/** A pull that waits for one step. Exactly one of `resolve`, `reject` and `withdraw` has an effect. */
export interface PullWaiter<T, P extends FeedPosition> {
  /** Sequence number up to which the reader has the cohort's ephemeral commits; null: not live yet, so it gets none. */
  readonly ephemeralSeq: number | null
  /** Heartbeat interval, ms. */
  readonly heartbeatMs: number
  /** Whether the pull was answered or withdrawn: it must not be parked any more. */
  isGone(): boolean
  /** Called during a broadcast: it must not throw, and must defer long work to another turn of the event loop. */
  resolve(step: FeedStep<T, P>): void
  reject(error: unknown): void
  /** Called when the reader leaves the cohort while the pull waits. */
  withdraw(): void
}
