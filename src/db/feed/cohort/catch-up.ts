import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Revision } from '../../../core/version.ts'
import type { BatchCache } from './batch-cache.ts'
import { heartbeatStep, type FeedPosition, type FeedSource, type FeedStep, type PullWaiter } from './feed-source.ts'
import type { LiveEdge } from './live-edge.ts'
import { canPark, nextReaderState, type AheadWait, type ReaderView } from './state/reader-state.ts'

/** How long a reader ahead of the edge waits before it looks at the edge again, ms. */
const AHEAD_WAIT_MS = 10

interface CatchUpOptions<T, P extends FeedPosition> {
  readonly source: FeedSource<T, P>
  readonly edge: LiveEdge
  readonly cache: BatchCache
  /** Owns the cached steps. */
  readonly owner: object
  /** Whether the loop of the cohort runs. */
  readonly isLooping: () => boolean
  /** Whether readers are PARKED. */
  readonly hasParked: () => boolean
  readonly park: (waiter: PullWaiter<T, P>, isLive: boolean) => void
}

/**
 * The reads of readers that are READING or AHEAD (`nextReaderState`). They share steps, read or in flight, by position,
 * `live` and phase; all positions on the edge count as one. Two kinds of steps are not taken: a stale one, which says
 * `upToDate` and does not end on the edge, and one that ends before the reader's own revision.
 */
export class CatchUp<T, P extends FeedPosition> {
  readonly #options: CatchUpOptions<T, P>
  /** Resume AHEAD readers. */
  #ahead: (() => void)[] = []

  constructor(options: CatchUpOptions<T, P>) {
    this.#options = options
  }

  /** Reads on from a position until the pull is answered, or can park. */
  async run(start: P, waiter: PullWaiter<T, P>): Promise<void> {
    const heartbeatAt = performance.now() + waiter.heartbeatMs
    try {
      let position: P | null = start
      while (position !== null) position = await this.#goOn(await this.#nextStep(position), waiter, heartbeatAt)
    } catch (error) {
      waiter.reject(error)
    }
  }

  /** Reads from a position, and caches the read, so that later readers share it. */
  read(position: P): Promise<FeedStep<T, P>> {
    const { edge, source, cache, owner } = this.#options
    const from = edge.has(position.revision) ? { ...position, revision: edge.to } : position
    const isBehind = position.phase === undefined && position.revision < edge.from
    const reading = source.read(from, isBehind ? edge.to : Infinity)
    cache.set(owner, this.#key(position), reading)
    return reading
  }

  /** Resumes the AHEAD readers that wait for the edge. */
  release(): void {
    for (const resume of this.#ahead.splice(0)) resume()
  }

  /** The step after a position, from the cache where that is allowed. */
  async #nextStep(position: P): Promise<FeedStep<T, P>> {
    const { edge, cache, owner } = this.#options
    const cached = cache.get<FeedStep<T, P>>(owner, this.#key(position))
    if (cached !== undefined) {
      const step = await cached
      const isFresh = !step.upToDate || edge.canonical(step.next.revision) === edge.from
      if (isFresh && step.next.revision >= position.revision) return step
    }
    return await this.read(position)
  }

  #key(position: P): string {
    return `${this.#options.edge.canonical(position.revision)} ${position.live} ${position.phase ?? ''}`
  }

  /** The position of the next read; null once the reader is PARKED or ANSWERED. */
  async #goOn(step: FeedStep<T, P>, waiter: PullWaiter<T, P>, heartbeatAt: number): Promise<P | null> {
    const { batch, next: position, upToDate } = step
    const heartbeat = (): FeedStep<T, P> | null =>
      performance.now() < heartbeatAt ? null : heartbeatStep(this.#options.source, position, upToDate)
    const look = (): ReaderView => this.#look(position, waiter, heartbeat() !== null)
    let next = nextReaderState({ kind: 'STEP', hasBatch: batch !== null, upToDate, view: look() })
    while (next.state === 'AHEAD') {
      await this.#wait(next.wait, position.revision, waiter.heartbeatMs)
      next = nextReaderState({ kind: 'RESUMED', view: look() })
    }
    if (next.state === 'READING') return position
    if (next.state === 'PARKED') this.#options.park(waiter, position.live)
    else if (next.by === 'batch') waiter.resolve(step)
    // Not null, since it was due when the reader looked.
    else if (next.by === 'heartbeat') waiter.resolve(heartbeat() ?? step)
    return null
  }

  #look(position: P, waiter: PullWaiter<T, P>, isHeartbeatDue: boolean): ReaderView {
    const { edge, isLooping, hasParked } = this.#options
    edge.extend()
    return {
      isGone: waiter.isGone(),
      isParkable: canPark(position, edge),
      isHeartbeatDue,
      isPastEdge: position.revision > edge.to,
      isPending: edge.hasPending,
      isLooping: isLooping(),
      hasParked: hasParked(),
    }
  }

  async #wait(wait: AheadWait, revision: Revision, heartbeatMs: number): Promise<void> {
    switch (wait) {
      case 'forEdge':
        return this.#forRelease(heartbeatMs)
      case 'forTurn':
        return nextTurn()
      case 'forTimer':
        return new Promise((resolve) => setTimeout(resolve, AHEAD_WAIT_MS))
      case 'moveEdge':
        this.#options.edge.move(revision)
    }
  }

  /** Resolves when the edge has moved or the loop has ended, at the latest when the heartbeat is due. */
  #forRelease(heartbeatMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, heartbeatMs)
      this.#ahead.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}
