import type { Commit } from '../../../core/commit.ts'
import type { Revision } from '../../../core/version.ts'
import type { LogTail } from '../../log/log-tail.ts'
import type { Shape } from '../../shape/shape.ts'
import type { BatchCache } from './batch-cache.ts'
import { CatchUp } from './catch-up.ts'
import { CohortLoop } from './cohort-loop.ts'
import { EphemeralBuffer } from './ephemeral-buffer.ts'
import type { FeedPosition, FeedSource, PullWaiter } from './feed-source.ts'
import { LiveEdge } from './live-edge.ts'
import type { CohortEvent } from './state/cohort-state.ts'
import { canPark } from './state/reader-state.ts'
import { Waiters } from './waiters.ts'

export interface CohortOptions<T, P extends FeedPosition> {
  readonly tail: LogTail
  readonly shape: Shape
  readonly source: FeedSource<T, P>
  readonly cache: BatchCache
  /** Share of the event loop that its broadcasts may take now. */
  readonly share: () => number
}

/** Events without data, which every reader that parks may dispatch. */
const WORK: CohortEvent = { kind: 'WORK' }
const COMPLETE: CohortEvent = { kind: 'COMPLETE' }

/**
 * The readers of one shape. The live edge is a range of revisions in which nothing matched; a *pending* commit lies
 * after it and may match (`markPending`). The batch after the edge is read once, by a loop, and broadcast to all
 * readers that wait there. Beside the loop, the edge is extended over commits that match nothing while none is
 * pending, and moved by AHEAD readers.
 *
 * Two pure functions decide, and their docstrings are the tables of all states: `nextCohortState` (what the loop does;
 * executed by `CohortLoop`), and `nextReaderState` (where a reader waits: PARKED here in `Waiters`, READING or AHEAD in
 * `CatchUp`).
 */
export class Cohort<T, P extends FeedPosition> {
  readonly #options: CohortOptions<T, P>
  readonly #waiters: Waiters<T, P>
  readonly #edge: LiveEdge
  readonly #ephemeral: EphemeralBuffer<T, P>
  readonly #catchUp: CatchUp<T, P>
  readonly #loop: CohortLoop<T, P>

  constructor(options: CohortOptions<T, P>) {
    const { tail, source, cache, shape, share } = options
    const [edge, ephemeral] = [new LiveEdge(tail, tail.last), new EphemeralBuffer(source)]
    const waiters = new Waiters<T, P>(share, (ms, isCurrent) => void this.#heartbeatDue(ms, isCurrent))
    this.#waiters = waiters
    this.#options = options
    this.#edge = edge
    this.#ephemeral = ephemeral
    this.#catchUp = new CatchUp({
      source,
      cache,
      owner: this,
      edge,
      isLooping: () => this.#loop.isRunning,
      hasParked: () => waiters.size > 0,
      park: (waiter, isLive) => this.#park(waiter, isLive),
    })
    const pull = (position: P, waiter: PullWaiter<T, P>): void => this.pull(position, waiter)
    this.#loop = new CohortLoop({ tail, source, edge, waiters, ephemeral, catchUp: this.#catchUp, pull })
    tail.shapes.add(shape, this)
  }

  /** The tail found a stored commit that may match. */
  markPending(revision: Revision): void {
    this.#edge.markPending(revision)
    if (this.#waiters.size > 0) this.#loop.dispatch(WORK)
  }

  /** The tail has an ephemeral commit that may match. It is buffered also without a reader. */
  publishEphemeral(commit: Commit): void {
    this.#ephemeral.add(commit, this.#edge.to)
    if (this.#waiters.size > 0) this.#loop.dispatch(WORK)
  }

  /** Sequence number of the newest ephemeral commit. */
  get lastEphemeralSeq(): number {
    return this.#ephemeral.lastSeq
  }

  /**
   * Resolves `waiter` with the step after a position: at the live edge when one comes, at the latest with a heartbeat.
   */
  pull(position: P, waiter: PullWaiter<T, P>): void {
    this.#edge.extend()
    if (canPark(position, this.#edge)) this.#park(waiter, position.live)
    else void this.#catchUp.run(position, waiter)
  }

  /** Takes a pull back: its reader ended, or goes on in another cohort. */
  withdraw(waiter: PullWaiter<T, P>): void {
    this.#waiters.delete(waiter)
    waiter.withdraw()
  }

  /** Called when the last reader has left. */
  close(): void {
    this.#loop.stop()
    this.#options.tail.shapes.delete(this.#options.shape, this)
  }

  /** On arrival at the edge, delivers missed ephemeral commits first, unless stored commits are pending. */
  #park(waiter: PullWaiter<T, P>, isLive: boolean): void {
    const isPending = this.#edge.hasPending
    if (!isPending && this.#ephemeral.deliverTo(waiter, this.#edge.to)) return
    this.#waiters.add(waiter, isLive)
    if (isPending) this.#loop.dispatch(WORK)
    if (this.#waiters.isComplete) this.#loop.dispatch(COMPLETE)
  }

  async #heartbeatDue(heartbeatMs: number, isCurrent: () => boolean): Promise<void> {
    await this.#options.tail.refreshIfStale()
    if (isCurrent()) await this.#loop.sendHeartbeat(heartbeatMs)
  }
}
