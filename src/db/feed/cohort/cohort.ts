import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Commit } from '../../../core/commit.ts'
import { DatabaseError } from '../../../core/error.ts'
import type { Revision } from '../../../core/version.ts'
import type { LogTail } from '../../log/log-tail.ts'
import { EarliestTimer } from '../../time/earliest-timer.ts'
import { LiveEdge } from './live-edge.ts'
import { EphemeralBuffer } from './ephemeral-buffer.ts'
import { BroadcastPacer } from './broadcast-pacer.ts'
import type { Shape } from '../../shape/shape.ts'
import type { BatchCache } from './batch-cache.ts'
import type { FeedSource, FeedPosition, FeedStep, PullWaiter } from './feed-source.ts'
import { Waiters } from './waiters.ts'

export interface CohortOptions<T, P extends FeedPosition> {
  readonly tail: LogTail
  readonly shape: Shape
  readonly source: FeedSource<T, P>
  readonly cache: BatchCache
}

/** Readers that a broadcast delivers to in one turn of the event loop. */
const BROADCAST_SLICE = 128
/** How long a reader ahead of the edge waits before it looks at the edge again, ms. */
const AHEAD_WAIT_MS = 10
/** Delay before the loop reads again after the store was UNAVAILABLE, ms. */
const READ_RETRY_MS = 500

/**
 * The readers of one shape. The live edge is a range of revisions in which nothing matched; a *pending* commit lies
 * after it and may match (`markDirty`). The batch after the edge is read once, by a loop, and broadcast to all readers
 * that wait there.
 *
 * COHORT    event, or state found         effect
 * IDLE      a reader is PARKED; a commit  → LOOP. Checked by `markDirty`, `publishEphemeral`, a pull that parks, a heartbeat
 *           is pending or ephemeral       (an ephemeral commit that matches is buffered, the newest 64, also without a reader)
 * LOOP      every pass                    begins in a new turn; waits for the pacer: cooldown, and quorum (at most 20 ms)
 *           a commit is pending           reads the source from the edge, never from the cache. The edge moves to where the read
 *                                         ended. A batch goes to all PARKED readers. Without one, those that are not live are
 *                                         pulled again (now READING, to get an empty batch), and the others stay PARKED
 *           else an ephemeral one is new  it goes to the live PARKED readers that have not had it; the edge stays
 *           neither, or no reader waits   → IDLE
 *           the read fails: UNAVAILABLE   → RETRY. The PARKED readers and the edge stay
 *           the read fails otherwise      rejects the pulls of all PARKED readers, so their feeds end; → IDLE
 * RETRY     after 500 ms                  heartbeat to all PARKED readers, if the source has any; → LOOP. Events of IDLE: sooner
 * Beside the loop, the edge is extended over commits that match nothing while none is pending, and moved by AHEAD readers.
 *
 * READER    position of its pull          waits for
 * PARKED    on the edge, without phase;   a broadcast, an ephemeral batch, or a heartbeat. It is due one `heartbeatMs` after the
 *           live, or a commit is pending  first reader of that interval parked; it first looks for commits of lost notifications,
 *                                         and says `upToDate: false` while one is pending. Ephemeral commits that were missed
 *                                         between two pulls come at once, unless a commit is pending
 * READING   behind the edge, in a phase   its own reads, up to the edge if behind it, else to the end of the log; until a batch
 *           (a snapshot), or not live     comes, it can park, or its heartbeat is due. A failed read ends its feed
 * AHEAD     past the edge, at the end of  the next move of the edge (at most `heartbeatMs`) while the loop has a pending commit;
 *           the log, without a batch      else 10 ms while others wait; else it moves the edge to itself. Then parks or reads on
 * READING takes a cached step, or one in flight, of an equal position (all on the edge are equal), `live` and phase;
 * but not one that says `upToDate` and does not end on the edge (stale), or that ends before the reader's own revision.
 */
export class Cohort<T, P extends FeedPosition> {
  readonly #options: CohortOptions<T, P>
  readonly #waiters = new Waiters<T, P>((heartbeatMs, isCurrent) => void this.#sendHeartbeat(heartbeatMs, isCurrent))
  readonly #edge: LiveEdge
  readonly #ephemeral: EphemeralBuffer<T>
  /** Sequence number up to which the loop has delivered ephemeral commits. */
  #deliveredSeq = 0
  /** Whether the loop runs (state LOOP). */
  #advancing = false
  readonly #pacer = new BroadcastPacer()
  /** Ends the pacer's wait early, when enough readers of the last broadcast wait again; null: no such wait. */
  #onQuorum: (() => void) | null = null
  /** PARKED readers that are not live: they await an up-to-date batch, and get one even when nothing matched. */
  #awaitingFirstBatch: PullWaiter<T, P>[] = []
  /** Resume AHEAD readers, when the edge moves or the loop ends. */
  #aheadOfEdge: (() => void)[] = []
  /** Runs in state RETRY. */
  readonly #retry = new EarliestTimer((isCurrent) => void this.#sendHeartbeat(undefined, isCurrent))

  constructor(options: CohortOptions<T, P>) {
    this.#options = options
    this.#ephemeral = new EphemeralBuffer((commits, at) => options.source.ephemeralItem(commits, at))
    this.#edge = new LiveEdge(options.tail, options.tail.last)
    options.tail.shapes.add(options.shape, this)
  }

  /** The tail found a stored commit that may match. */
  markDirty(revision: Revision): void {
    this.#edge.markDirty(revision)
    if (this.#waiters.size > 0 && !this.#advancing) void this.#advance()
  }

  /** The tail has an ephemeral commit that may match. */
  publishEphemeral(commit: Commit): void {
    this.#ephemeral.add(commit, this.#edge.to)
    if (this.#waiters.size > 0 && !this.#advancing) void this.#advance()
  }

  /** Sequence number of the newest ephemeral commit. */
  get lastEphemeralSeq(): number {
    return this.#ephemeral.lastSeq
  }

  /**
   * Resolves `waiter` with the step after a position: at the live edge when one comes, at the latest with a heartbeat.
   */
  pull(position: P, waiter: PullWaiter<T, P>): void {
    if (this.#canPark(position)) this.#park(waiter, position.live)
    else void this.#readUntilBatch(position, waiter)
  }

  /** READING and AHEAD. */
  async #readUntilBatch(start: P, waiter: PullWaiter<T, P>): Promise<void> {
    const { source } = this.#options
    const heartbeatAt = performance.now() + waiter.heartbeatMs
    try {
      for (let position = start; ;) {
        const step = await this.#nextStep(position)
        if (step.batch !== null) return waiter.resolve(step)
        position = step.next
        if (step.upToDate && !this.#canPark(position)) await this.#waitForEdge(position.revision, waiter.heartbeatMs)
        // The reader unsubscribed, or changed its cohort, during the await; parking its pull now would leak it.
        if (waiter.isGone()) return
        if (this.#canPark(position)) return this.#park(waiter, position.live)
        // A long stretch of the log without a match: the heartbeat has a cursor to resume from.
        const { upToDate } = step
        const item = performance.now() < heartbeatAt ? null : source.heartbeat(position.revision, upToDate)
        if (item !== null) {
          return waiter.resolve({
            batch: item,
            next: upToDate ? position : { ...position, live: false },
            upToDate,
            bytes: 0,
          })
        }
      }
    } catch (error) {
      waiter.reject(error)
    }
  }

  /** Takes a pull back: its reader ended, or goes on in another cohort. */
  withdraw(waiter: PullWaiter<T, P>): void {
    this.#waiters.delete(waiter)
    waiter.withdraw()
  }

  /** Called when the last reader has left. */
  close(): void {
    this.#retry.stop()
    this.#options.tail.shapes.delete(this.#options.shape, this)
  }

  /** Whether a reader at this position is PARKED. One that is not live waits only where the loop is about to read. */
  #canPark(position: P): boolean {
    if (position.phase !== undefined) return false
    this.#edge.extend()
    return this.#edge.has(position.revision) && (position.live || this.#edge.hasPending)
  }

  /** Whether readers wait at the edge, or the loop reads: then it is not for one reader to move the edge. */
  #hasLeader(): boolean {
    return this.#waiters.size > 0 || this.#advancing
  }

  /**
   * The step after a position, from the cache where that is allowed. A read from the edge at a live position moves the
   * edge.
   */
  async #nextStep(position: P): Promise<FeedStep<T, P>> {
    const { cache, source } = this.#options
    const key = `${this.#edge.canonical(position.revision)} ${position.live} ${position.phase ?? ''}`
    const cached = cache.get<FeedStep<T, P>>(this, key)
    // Do not reuse a step that was cached by a reader ahead of the edge: only a fresh read advances the edge.
    if (cached !== undefined && !(position.live && this.#edge.has(position.revision))) {
      const step = await cached
      // Drop a cached step whose `upToDate` is no longer true, or whose cursor is behind this reader's.
      const isFresh = !step.upToDate || this.#edge.canonical(step.next.revision) === this.#edge.from
      if (isFresh && step.next.revision >= position.revision) return step
    }
    const isOnEdge = this.#edge.has(position.revision)
    const from = isOnEdge ? { ...position, revision: this.#edge.to } : position
    const isBehind = position.phase === undefined && position.revision < this.#edge.from
    const reading = source.read(from, isBehind ? this.#edge.to : Infinity)
    cache.set(this, key, reading)
    const step = await reading
    if (isOnEdge && position.live) this.#moveEdge(from.revision, step)
    return step
  }

  /**
   * Moves the edge to where a read from it ended, and broadcasts the batch in the same turn: no reader parks in
   * between.
   */
  #moveEdge(from: Revision, step: FeedStep<T, P>): void {
    const { revision } = step.next
    if (from !== this.#edge.to || revision <= from) return
    // Move even for an empty result: a reader that joined in between may hold a document that has gone and needs its
    // DELETE.
    this.#edge.move(revision)
    if (step.batch === null) {
      for (const waiter of this.#awaitingFirstBatch.splice(0)) this.#sendFirstBatch(waiter)
    } else {
      // With a backlog, waiting would not make the batch larger, so there is no cooldown per commit.
      void this.#broadcast(this.#waiters.take(), (waiter) => waiter.resolve(step), step.upToDate ? revision - from : 0)
    }
    this.#releaseAhead()
  }

  /**
   * Pulls again for a reader that is not live: at an edge without a pending commit, it reads an empty up-to-date batch.
   */
  #sendFirstBatch(waiter: PullWaiter<T, P>): void {
    if (this.#waiters.delete(waiter)) {
      this.pull({ ...this.#options.source.livePosition(this.#edge.to), live: false }, waiter)
    }
  }

  #releaseAhead(): void {
    for (const resume of this.#aheadOfEdge.splice(0)) resume()
  }

  /**
   * State AHEAD: a reader has overtaken the edge by reading the log. If no reader waits there, moves the edge; else
   * waits.
   */
  async #waitForEdge(revision: Revision, heartbeatMs: number): Promise<void> {
    if (this.#edge.hasPending && this.#advancing) return this.#whenReleased(heartbeatMs)
    if (revision <= this.#edge.to) return nextTurn()
    // The edge may stand still for long: the store is unavailable, or the tail reads a previous value to match a
    // commit.
    if (this.#hasLeader()) return new Promise((resolve) => setTimeout(resolve, AHEAD_WAIT_MS))
    this.#edge.move(revision)
  }

  /** Resolves when the edge has moved or the loop has ended, at the latest when the heartbeat is due. */
  #whenReleased(heartbeatMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, heartbeatMs)
      this.#aheadOfEdge.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  /** On arrival at the edge, delivers missed ephemeral commits first, unless stored commits are pending. */
  #park(waiter: PullWaiter<T, P>, isLive: boolean): void {
    if (this.#edge.hasPending || !this.#deliverMissed(waiter, this.#edge.to)) this.#addWaiter(waiter, isLive)
  }

  /**
   * Delivers the ephemeral commits that a reader at the edge has not had; false when there are none, or it is not live.
   */
  #deliverMissed(waiter: PullWaiter<T, P>, edge: Revision): boolean {
    const missed = waiter.ephemeralSeq === null ? null : this.#ephemeral.after(waiter.ephemeralSeq, edge)
    if (missed === null) return false
    waiter.resolve({
      batch: missed.item,
      next: this.#options.source.livePosition(edge),
      upToDate: true,
      bytes: 0,
      ephemeralSeq: missed.seq,
    })
    return true
  }

  #addWaiter(waiter: PullWaiter<T, P>, isLive: boolean): void {
    this.#waiters.add(waiter)
    if (!isLive) this.#awaitingFirstBatch.push(waiter)
    if (this.#edge.hasPending && !this.#advancing) void this.#advance()
    if (this.#onQuorum !== null && this.#pacer.hasQuorum(this.#waiters.size)) this.#onQuorum()
  }

  /** State LOOP. Each pass begins in a new turn of the event loop, so that no write waits for a read or a broadcast. */
  async #advance(): Promise<void> {
    this.#advancing = true
    const { source } = this.#options
    try {
      for (;;) {
        await nextTurn()
        await this.#awaitQuorum()
        if (this.#waiters.size === 0) break
        if (this.#edge.hasPending) await this.#nextStep(source.livePosition(this.#edge.to))
        else if (this.#deliveredSeq < this.lastEphemeralSeq) await this.#deliverEphemeral()
        else break
      }
    } catch (error) {
      await this.#advanceFailed(error)
    } finally {
      this.#advancing = false
      this.#releaseAhead()
    }
  }

  /** Waits until the pacer lets the next broadcast start. */
  async #awaitQuorum(): Promise<void> {
    for (;;) {
      const waitMs = this.#pacer.delayMs(this.#waiters.size)
      if (waitMs === 0) return
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs)
        this.#onQuorum = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      this.#onQuorum = null
    }
  }

  /**
   * UNAVAILABLE ends no feed: the retry reads from the same edge. Any other error ends the feeds of the waiting
   * readers.
   */
  async #advanceFailed(error: unknown): Promise<void> {
    if (!(error instanceof DatabaseError && error.code === 'UNAVAILABLE')) {
      return this.#broadcast(this.#waiters.take(), (waiter) => waiter.reject(error))
    }
    this.#retry.fireWithin(READ_RETRY_MS)
  }

  /** Delivers ephemeral commits to the waiting readers that have not had them; the others stay PARKED. */
  #deliverEphemeral(): Promise<void> {
    const edge = this.#edge.to
    this.#deliveredSeq = this.lastEphemeralSeq
    return this.#broadcast(
      this.#waiters.takeWhere(({ ephemeralSeq: seq }) => seq !== null && seq < this.#deliveredSeq),
      (waiter) => this.#deliverMissed(waiter, edge),
    )
  }

  /**
   * Delivers to readers that were taken off `#waiters`, in slices. Readers that park meanwhile wait for the next
   * broadcast.
   */
  async #broadcast(
    taken: readonly PullWaiter<T, P>[],
    deliver: (waiter: PullWaiter<T, P>) => void,
    commits = 0,
  ): Promise<void> {
    if (this.#awaitingFirstBatch.length > 0) {
      this.#awaitingFirstBatch = this.#awaitingFirstBatch.filter((waiter) => this.#waiters.has(waiter))
    }
    this.#pacer.start(taken.length, commits)
    let count = 0
    let sliceBegan = performance.now()
    for (const waiter of taken) {
      deliver(waiter)
      if (++count % BROADCAST_SLICE !== 0) continue
      this.#pacer.addElapsed(performance.now() - sliceBegan)
      await nextTurn()
      sliceBegan = performance.now()
    }
    this.#pacer.addElapsed(performance.now() - sliceBegan)
  }

  /**
   * Sends a heartbeat to the readers of one interval; undefined: to all, at the end of RETRY. Starts the loop if it is
   * due.
   */
  async #sendHeartbeat(heartbeatMs: number | undefined, isCurrent: () => boolean): Promise<void> {
    const { tail, source } = this.#options
    await tail.refreshIfStale()
    if (!isCurrent()) return
    if (heartbeatMs === undefined) this.#retry.stop()
    this.#edge.extend()
    if (this.#waiters.size === 0) return
    const upToDate = !this.#edge.hasPending
    const item = source.heartbeat(this.#edge.to, upToDate)
    const next = { ...source.livePosition(this.#edge.to), live: upToDate }
    if (item !== null) {
      await this.#broadcast(this.#waiters.take(heartbeatMs), (waiter) =>
        waiter.resolve({ batch: item, next, upToDate, bytes: 0 }),
      )
    } else if (heartbeatMs !== undefined) this.#waiters.restartTimer(heartbeatMs)
    if (!upToDate && !this.#advancing) await this.#advance()
  }
}
