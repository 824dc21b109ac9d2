import type { Commit } from '../../../core/commit.ts'
import type { Revision } from '../../../core/version.ts'

/** How far a reader has come. */
export interface FeedPosition {
  /** Everything up to here was delivered, or does not match. */
  readonly position: Revision
  /** Whether the reader was told that it is up to date: at the live edge it then waits for the next item. */
  readonly live: boolean
  /** Where it is in a snapshot, and the like: what the kind of feed adds. The same text means the same. */
  readonly phase?: string | undefined
}

/** What comes after a place. */
export interface FeedStep<T, P extends FeedPosition = FeedPosition> {
  /** Null: nothing matched up to `next`, which is the live edge, or where reading paused. */
  readonly batch: T | null
  readonly next: P
  /** Whether nothing is left behind. */
  readonly upToDate: boolean
  /** About what it holds. */
  readonly bytes: number
  /** Up to which number the item shows ephemeral commits; left out where it comes from the log. */
  readonly ephemeralSeq?: number | undefined
}

/** A kind of feed: pure reading, without waiting. */
export interface FeedSource<T, P extends FeedPosition = FeedPosition> {
  /** What comes after a place, up to a revision. A reader that is not live gets an item, once nothing is left behind. */
  read(place: P, until: Revision): Promise<FeedStep<T, P>>
  /** A sign of life for a reader to whom nothing came; null where the kind of feed has none. */
  heartbeat(position: Revision, upToDate: boolean): T | null
  /** The place of live readers at a revision. */
  livePosition(position: Revision): P
  /** What live readers at a revision are shown of ephemeral commits; null when nothing matches, or this kind of feed shows none. */
  ephemeral(commits: readonly Commit[], position: Revision): T | null
}

/** Gets one step, once. */
export interface PullWaiter<T, P extends FeedPosition> {
  /** Up to which number it knows the cohort's ephemeral commits; null: it is not live, and is shown none. */
  readonly ephemeralSeq: number | null
  /** How often it wants a sign of life, ms. */
  readonly heartbeatMs: number
  /** Whether its reader has left the cohort: it must not wait any more. */
  isGone(): boolean
  /** Called in the middle of other things: it throws nothing, and leaves what takes long to another turn. */
  resolve(step: FeedStep<T, P>): void
  reject(error: unknown): void
  /** It waits no longer. */
  withdraw(): void
}
