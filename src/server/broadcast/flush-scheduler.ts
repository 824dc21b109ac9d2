import type { Duplex } from 'node:stream'
import { BROADCAST_TURN_MS } from '../../core/limits.ts'
import { LaneQueue } from './lane-queue.ts'
import type { MemoryBudget } from '../limits/memory-budget.ts'
import { BufferCoalescer } from './buffer-coalescer.ts'
import { ConnectionWriter, type WriterScheduling } from './connection-writer.ts'

/** The shortest wait of a timer, ms. */
const TICK_MS = 1

/**
 * The writers of all connections. Turns of the event loop flush some of them each, so that operations run in between:
 * one commit is broadcast to thousands while the next ones wait for the disk. Under load a turn takes no more than its
 * share of the time since the last one, and timers come in between.
 */
export class FlushScheduler {
  readonly #writers = new WeakMap<Duplex, ConnectionWriter>()
  readonly #share: () => number
  readonly #scheduling: WriterScheduling
  readonly #coalescer = new BufferCoalescer()
  readonly #queue = new LaneQueue<ConnectionWriter>()
  #isFlushing = false
  #endedAt = 0

  /** `share`: of the event loop, that writing events may take now; see `OperationLoad`. */
  constructor(share: () => number, memoryBudget: MemoryBudget) {
    this.#share = share
    this.#scheduling = {
      account: (socket) => memoryBudget.account(socket),
      flushLater: (writer, event) => {
        this.#queue.push(event, writer)
        if (!this.#isFlushing) setImmediate(this.#flush)
        this.#isFlushing = true
      },
      coalesce: (pieces) => this.#coalescer.coalesce(pieces),
    }
  }

  /** The writer of a connection, always the same. `maySend`: whether events may still be sent, asked at each flush. */
  writer(socket: Duplex, maySend: () => boolean): ConnectionWriter {
    const existing = this.#writers.get(socket)
    if (existing !== undefined) return existing.rebind(maySend)
    const writer = new ConnectionWriter(socket, maySend, this.#scheduling)
    this.#writers.set(socket, writer)
    return writer
  }

  readonly #flush = (): void => {
    const [share, startedAt] = [this.#share(), performance.now()]
    const budgetMs = share < 1 ? ((startedAt - this.#endedAt) * share) / (1 - share) : BROADCAST_TURN_MS
    const endsAt = startedAt + Math.min(budgetMs, BROADCAST_TURN_MS)
    do this.#queue.shift()?.flushQueued()
    while (!this.#queue.isEmpty && performance.now() < endsAt)
    // Without load one event after the other is flushed: taking turns would make all of them late.
    if (share < 1) this.#queue.rotate()
    this.#endedAt = performance.now()
    this.#isFlushing = !this.#queue.isEmpty
    if (!this.#isFlushing) this.#coalescer.clear()
    else if (share < 1) setTimeout(this.#flush, TICK_MS)
    else setImmediate(this.#flush)
  }
}
