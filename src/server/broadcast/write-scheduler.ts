import type { Duplex } from 'node:stream'
import { RoundRobinQueue } from './round-robin-queue.ts'
import type { MemoryBudget } from '../limits/memory-budget.ts'
import { BufferCoalescer } from './buffer-coalescer.ts'
import { ConnectionWriter, type WriterScheduling } from './connection-writer.ts'

/**
 * Sockets flushed per event-loop turn: `idle` when no operation is in flight, `busy` when some are; under load
 * `ceil(underLoad / cooldown factor)`, but at least `busy`.
 */
const SOCKETS_PER_TURN = { idle: 256, busy: 4, underLoad: 32 } as const
/**
 * Operations in flight without a cooldown; each further one adds one turn length to it, up to `MAX_COOLDOWN_FACTOR`.
 */
const LOAD_THRESHOLD = 5
const MAX_COOLDOWN_FACTOR = 18
/** Longest cooldown, ms: the measured turn may include a stall of the process. */
const MAX_COOLDOWN_MS = 100

/**
 * The writers of all connections. Each event-loop turn flushes some of them, and few while operations are in flight:
 * one commit is broadcast to thousands while the next ones wait for the disk.
 */
export class WriteScheduler {
  readonly #writers = new WeakMap<Duplex, ConnectionWriter>()
  readonly #inFlight: () => number
  readonly #scheduling: WriterScheduling
  readonly #coalescer = new BufferCoalescer()
  readonly #queue = new RoundRobinQueue<ConnectionWriter>()
  #isFlushing = false

  /** `inFlight`: queries and mutations running now or a moment ago; see `Executor`. */
  constructor(inFlight: () => number, memoryBudget: MemoryBudget) {
    this.#inFlight = inFlight
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
    const [inFlight, startedAt] = [this.#inFlight(), performance.now()]
    const cooldownFactor = Math.min(Math.max(inFlight - LOAD_THRESHOLD, 0), MAX_COOLDOWN_FACTOR)
    if (cooldownFactor === 0) {
      this.#flushSome(inFlight === 0 ? SOCKETS_PER_TURN.idle : SOCKETS_PER_TURN.busy, (max) => this.#queue.take(max))
    } else {
      this.#flushSome(Math.max(SOCKETS_PER_TURN.busy, Math.ceil(SOCKETS_PER_TURN.underLoad / cooldownFactor)), (max) =>
        this.#queue.takeRoundRobin(max),
      )
    }
    this.#isFlushing = !this.#queue.isEmpty
    if (!this.#isFlushing) this.#coalescer.clear()
    else if (cooldownFactor === 0) setImmediate(this.#flush)
    else setTimeout(this.#flush, Math.min((performance.now() - startedAt) * cooldownFactor, MAX_COOLDOWN_MS))
  }

  #flushSome(count: number, take: (max: number) => readonly ConnectionWriter[]): void {
    for (let left = count; left > 0 && !this.#queue.isEmpty;) {
      for (const writer of take(left)) if (writer.flushIfPending()) left--
    }
  }
}
