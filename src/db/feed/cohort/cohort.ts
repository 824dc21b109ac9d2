import type { Commit } from '../../../core/commit.ts'
import { DatabaseError } from '../../../core/error.ts'
import type { Revision } from '../../../core/version.ts'
import type { LogTail } from '../../log/log-tail.ts'
import { EarliestTimer } from './earliest-timer.ts'
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
  readonly kind: FeedSource<T, P>
  readonly cache: BatchCache
}

/** Readers that are told in one turn of the event loop: others get theirs in between. */
const BROADCAST_SLICE = 128
/** How soon who is ahead of the edge looks again whether it has come, ms. */
const AHEAD_WAIT_MS = 10
/** How soon the store is asked again that was away, ms. */
const READ_RETRY_MS = 500

/**
 * The readers of one shape. What comes after a place is found once, for all that stand there, and kept for those that
 * come a little later; those at the live edge are woken together. A reader that is slow, or resumes, pulls from where it
 * stands; it costs the others nothing.
 */
export class Cohort<T, P extends FeedPosition> {
  readonly #options: CohortOptions<T, P>
  readonly #waiters = new Waiters<T, P>((heartbeatMs, isStill) => void this.#sendHeartbeat(heartbeatMs, isStill))
  readonly #edge: LiveEdge
  readonly #ephemeral: EphemeralBuffer<T>
  /** Up to which number those who waited were shown what passed. */
  #shown = 0
  #advancing = false
  readonly #pacer = new BroadcastPacer()
  /** Called when enough of those that were told last are back. */
  #onQuorum: (() => void) | null = null
  /** Those that were never told that they are up to date: they are not to wait where nothing matched. */
  #awaitingFirstBatch: PullWaiter<T, P>[] = []
  /** Those that read on by themselves to where the edge is not yet. */
  #aheadOfEdge: (() => void)[] = []
  /** The store was away. */
  readonly #retry = new EarliestTimer((isStill) => void this.#sendHeartbeat(undefined, isStill))

  constructor(options: CohortOptions<T, P>) {
    this.#options = options
    this.#ephemeral = new EphemeralBuffer((commits, at) => options.kind.ephemeral(commits, at))
    this.#edge = new LiveEdge(options.tail, options.tail.last)
    options.tail.shapes.add(options.shape, this)
  }

  /** A commit may match. */
  markDirty(revision: Revision): void {
    this.#edge.markDirty(revision)
    if (this.#waiters.size > 0 && !this.#advancing) void this.#advance()
  }

  /** An ephemeral commit may match. */
  publishEphemeral(commit: Commit): void {
    this.#ephemeral.add(commit, this.#edge.to)
    if (this.#waiters.size > 0 && !this.#advancing) void this.#advance()
  }

  /** The number of the newest ephemeral commit. */
  get ephemeralDelivered(): number {
    return this.#ephemeral.last
  }

  /** Gives what comes after a place; at the live edge when there is something, at the latest with a heartbeat. */
  pull(place: P, waiter: PullWaiter<T, P>): void {
    if (this.#waitsAt(place)) this.#park(waiter, place.live)
    else void this.#readOn(place, waiter)
  }

  async #readOn(place: P, waiter: PullWaiter<T, P>): Promise<void> {
    const { kind } = this.#options
    const patience = performance.now() + waiter.heartbeatMs
    try {
      for (let at = place; ; ) {
        const step = await this.#stepAfter(at)
        if (step.batch !== null) return waiter.resolve(step)
        at = step.next
        if (step.upToDate && !this.#waitsAt(at)) await this.#waitForEdge(at.position, waiter.heartbeatMs)
        // Who left meanwhile would be waited for by nobody, and for ever.
        if (waiter.isGone()) return
        if (this.#waitsAt(at)) return this.#park(waiter, at.live)
        // Also a long stretch in which nothing matches gives a sign of life, and a cursor to resume from.
        const { upToDate } = step
        const item = performance.now() < patience ? null : kind.heartbeat(at.position, upToDate)
        if (item !== null) return waiter.resolve({ batch: item, next: upToDate ? at : { ...at, live: false }, upToDate, bytes: 0 })
      }
    } catch (error) {
      waiter.reject(error)
    }
  }

  withdraw(waiter: PullWaiter<T, P>): void {
    this.#waiters.delete(waiter)
    waiter.withdraw()
  }

  /** When its last reader has gone. */
  close(): void {
    this.#retry.stop()
    this.#options.tail.shapes.delete(this.#options.shape, this)
  }

  /** Who is at the edge waits: for a commit that may match, or for those it will be told of with the others. */
  #waitsAt(place: P): boolean {
    if (place.phase !== undefined) return false
    this.#edge.settle()
    return this.#edge.has(place.position) && (place.live || this.#edge.hasPending)
  }

  /** Whether somebody waits at the edge: then all find there what comes next, in step. */
  #hasLeader(): boolean {
    return this.#waiters.size > 0 || this.#advancing
  }

  async #stepAfter(place: P): Promise<FeedStep<T, P>> {
    const { cache, kind } = this.#options
    const key = `${this.#edge.canonical(place.position)} ${place.live} ${place.phase ?? ''}`
    const known = cache.get<FeedStep<T, P>>(this, key)
    // What one who was ahead has read moves no edge: there it is read again.
    if (known !== undefined && !(place.live && this.#edge.has(place.position))) {
      const step = await known
      // One that has become stale says that nothing is left behind, and now there is. And no reader's cursor goes back.
      const fresh = !step.upToDate || this.#edge.canonical(step.next.position) === this.#edge.from
      if (fresh && step.next.position >= place.position) return step
    }
    const atEdge = this.#edge.has(place.position)
    const from = atEdge ? { ...place, position: this.#edge.to } : place
    const isBehind = place.phase === undefined && place.position < this.#edge.from
    const reading = kind.read(from, isBehind ? this.#edge.to : Infinity)
    cache.set(this, key, reading)
    const step = await reading
    if (atEdge && place.live) this.#moveEdge(from.position, step)
    return step
  }

  /** What was found from the live edge moves it, and is told in the same moment to all who wait there. */
  #moveEdge(from: Revision, step: FeedStep<T, P>): void {
    const { position } = step.next
    if (from !== this.#edge.to || position <= from) return
    // Also where nothing is left to tell: who has read on to between may hold what came and went.
    this.#edge.move(position)
    if (step.batch === null) {
      for (const waiter of this.#awaitingFirstBatch.splice(0)) this.#sendFirstBatch(waiter)
    } else {
      // Where there is more to be told already, nothing comes together by waiting.
      void this.#broadcast(this.#waiters.take(), (waiter) => waiter.resolve(step), step.upToDate ? position - from : 0)
    }
    this.#release()
  }

  /** Nothing matched: it is told that it is up to date all the same. */
  #sendFirstBatch(waiter: PullWaiter<T, P>): void {
    if (this.#waiters.delete(waiter)) this.pull({ ...this.#options.kind.livePosition(this.#edge.to), live: false }, waiter)
  }

  #release(): void {
    for (const resume of this.#aheadOfEdge.splice(0)) resume()
  }

  /** A reader that read on by itself is ahead of the edge: where nobody waits it is the edge; else those there come soon. */
  async #waitForEdge(position: Revision, heartbeatMs: number): Promise<void> {
    if (this.#edge.hasPending && this.#advancing) return this.#released(heartbeatMs)
    if (position <= this.#edge.to) return nextTurn()
    // The edge stands still while a store is away, or an older value is looked for.
    if (this.#hasLeader()) return new Promise((resolve) => setTimeout(resolve, AHEAD_WAIT_MS))
    this.#edge.move(position)
  }

  /** Resolves when the edge has moved, or when it is time for a sign of life. */
  #released(heartbeatMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, heartbeatMs)
      this.#aheadOfEdge.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  /** Whoever comes to the live edge is shown what passed meanwhile, unless there is more that is to stay. */
  #park(waiter: PullWaiter<T, P>, isPatient: boolean): void {
    if (this.#edge.hasPending || !this.#show(waiter, this.#edge.to)) this.#wait(waiter, isPatient)
  }

  /** Shows a reader at the live edge what passed since it last heard. Whether there was anything. */
  #show(waiter: PullWaiter<T, P>, edge: Revision): boolean {
    const passed = waiter.ephemeralSeq === null ? null : this.#ephemeral.after(waiter.ephemeralSeq, edge)
    if (passed === null) return false
    waiter.resolve({ batch: passed.item, next: this.#options.kind.livePosition(edge), upToDate: true, bytes: 0, ephemeralSeq: passed.seq })
    return true
  }

  #wait(waiter: PullWaiter<T, P>, isPatient: boolean): void {
    this.#waiters.add(waiter)
    if (!isPatient) this.#awaitingFirstBatch.push(waiter)
    if (this.#edge.hasPending && !this.#advancing) void this.#advance()
    if (this.#onQuorum !== null && this.#pacer.hasQuorum(this.#waiters.size)) this.#onQuorum()
  }

  /** Finds what those at the live edge wait for, in a turn of its own: never inside the write that rang. */
  async #advance(): Promise<void> {
    this.#advancing = true
    const { kind } = this.#options
    try {
      for (;;) {
        await nextTurn()
        await this.#awaitQuorum()
        if (this.#waiters.size === 0) break
        if (this.#edge.hasPending) await this.#stepAfter(kind.livePosition(this.#edge.to))
        else if (this.#shown < this.ephemeralDelivered) await this.#deliverEphemeral()
        else break
      }
    } catch (error) {
      await this.#advanceFailed(error)
    } finally {
      this.#advancing = false
      this.#release()
    }
  }

  /** Until enough are back, or it has taken long enough. */
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

  /** A store that is away for a moment ends no feed: the next look goes on from the same place. */
  async #advanceFailed(error: unknown): Promise<void> {
    if (!(error instanceof DatabaseError && error.code === 'UNAVAILABLE')) return this.#broadcast(this.#waiters.take(), (waiter) => waiter.reject(error))
    this.#retry.fireWithin(READ_RETRY_MS)
  }

  /** Shows what passed to those who wait for it; the others go on waiting. */
  #deliverEphemeral(): Promise<void> {
    const edge = this.#edge.to
    this.#shown = this.ephemeralDelivered
    return this.#broadcast(this.#waiters.takeMeant(({ ephemeralSeq: heard }) => heard !== null && heard < this.#shown), (waiter) => this.#show(waiter, edge))
  }

  /** Tells readers that wait no longer, of so many commits; those that come meanwhile wait for the next one. */
  async #broadcast(meant: readonly PullWaiter<T, P>[], told: (waiter: PullWaiter<T, P>) => void, commits = 0): Promise<void> {
    if (this.#awaitingFirstBatch.length > 0) this.#awaitingFirstBatch = this.#awaitingFirstBatch.filter((waiter) => this.#waiters.has(waiter))
    this.#pacer.start(meant.length, commits)
    let count = 0
    let begun = performance.now()
    for (const waiter of meant) {
      told(waiter)
      if (++count % BROADCAST_SLICE !== 0) continue
      this.#pacer.addElapsed(performance.now() - begun)
      await nextTurn()
      begun = performance.now()
    }
    this.#pacer.addElapsed(performance.now() - begun)
  }

  /** Tells the readers of one heartbeat that nothing came; without one, all, for the store was away. */
  async #sendHeartbeat(heartbeatMs: number | undefined, isStill: () => boolean): Promise<void> {
    const { tail, kind } = this.#options
    await tail.look()
    if (!isStill()) return
    if (heartbeatMs === undefined) this.#retry.stop()
    this.#edge.settle()
    if (this.#waiters.size === 0) return
    const upToDate = !this.#edge.hasPending
    const item = kind.heartbeat(this.#edge.to, upToDate)
    const next = { ...kind.livePosition(this.#edge.to), live: upToDate }
    if (item !== null) await this.#broadcast(this.#waiters.take(heartbeatMs), (waiter) => waiter.resolve({ batch: item, next, upToDate, bytes: 0 }))
    else if (heartbeatMs !== undefined) this.#waiters.again(heartbeatMs)
    if (!upToDate && !this.#advancing) await this.#advance()
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
