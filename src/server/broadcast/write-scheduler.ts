import type { Duplex } from 'node:stream'
import { RoundRobinQueue } from './round-robin-queue.ts'
import type { ConnectionAccount, MemoryBudget, Reservation } from '../limits/memory-budget.ts'
import { BufferCoalescer } from './buffer-coalescer.ts'
import type { PayloadPiece, BufferList } from './payload.ts'

/** Events that may wait for one connection's turn, and bytes of them; the last one may be longer. */
const MAX_PENDING_EVENTS = 16
const MAX_PENDING_BYTES = 1_048_576
/**
 * Connections that are written to in one turn of the event loop: while nobody wants anything else of the server, while some
 * do, and before a rest that is as long as the turn. Before a longer one they are the fewer, though not fewer than for some.
 */
const SOCKETS_PER_TURN = { idle: 256, asked: 4, resting: 32 } as const
/** So many that want something else are no crowd. For each one more it rests once more as long as a turn took, so often at most. */
const LOAD_THRESHOLD = 5
const MAX_COOLDOWN_TURNS = 18
/** The longest rest, ms: a turn may have taken long because the whole process stood still. */
const MAX_COOLDOWN_MS = 100

/**
 * Writes events past what else writes to a connection, in order with it. What is written in one turn of the event loop
 * leaves in one write at its end.
 */
export class ConnectionWriter {
  readonly #socket: Duplex
  #maySend: () => boolean
  readonly #scheduler: WriterScheduling
  #waiting: (() => void)[] = []
  #pieces: readonly PayloadPiece[] = []
  #events = 0
  #bytes = 0
  /** Bytes of events that the connection has not taken. */
  #unsentBytes = 0
  readonly #hold: Reservation
  /** Of its connection. */
  readonly account: ConnectionAccount
  /** Whether it stands in the line of its owner: once, however often an answer takes its events along. */
  #isQueued = false
  /** Whether the connection takes no more for the moment. */
  #isFull = false
  #isOpen = true

  constructor(socket: Duplex, maySend: () => boolean, owner: WriterScheduling) {
    this.account = owner.account(socket)
    this.#hold = this.account.reserve()
    this.#socket = socket
    this.#maySend = maySend
    this.#scheduler = owner
    socket.on('drain', this.#drained).on('close', this.#closed)
  }

  /** The connection goes on with something else: an event stream was answered on it, and now it is a WebSocket. */
  rebind(maySend: () => boolean): this {
    this.#maySend = maySend
    return this
  }

  /** Whether events could be sent when it last had some. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Writes whole frames or chunks. `event`: what they are made of, the same for all who get it. */
  write(pieces: readonly PayloadPiece[], event: object): void {
    this.#events++
    for (const { length } of pieces) this.#bytes += length
    if (!this.#isQueued) this.#scheduler.flushLater(this, event)
    this.#isQueued = true
    // Most often there is one event in a turn: what all get alike is not copied.
    this.#pieces = this.#pieces.length === 0 ? pieces : [...this.#pieces, ...pieces]
  }

  /** Whether it takes no more events for the moment. */
  get isFull(): boolean {
    return (this.#isFull || this.#events >= MAX_PENDING_EVENTS || this.#bytes >= MAX_PENDING_BYTES) && !this.#socket.destroyed
  }

  /** Whether it takes more; else calls `resume` when it does, or when the connection is gone. A reader that stops makes its writer wait. */
  canWrite(resume: () => void): boolean {
    if (!this.isFull) return true
    this.#waiting.push(resume)
    return false
  }

  /** Its turn in the line. Whether there was something to send. */
  flushIfPending(): boolean {
    this.#isQueued = false
    const isDue = this.#events > 0
    this.flush()
    return isDue
  }

  /** Sends what was written, now. */
  flush(): void {
    const [pieces, socket, bytes] = [this.#pieces, this.#socket, this.#bytes]
    if (pieces.length === 0) return
    this.#pieces = []
    this.#events = 0
    this.#bytes = 0
    if (!this.#maySend()) return this.#closed()
    const joined = this.#scheduler.join(pieces)
    if (joined.length > 1) socket.cork()
    for (const piece of joined) this.#isFull = !socket.write(piece)
    if (joined.length > 1) socket.uncork()
    if (!this.#isFull) return this.#wake()
    this.#unsentBytes += bytes
    // Nothing can be told to a reader for whom there is no room: it is gone, and may come again.
    if (!this.#hold.set(this.#unsentBytes)) socket.destroy()
  }

  readonly #drained = (): void => {
    this.#isFull = false
    this.#unsentBytes = 0
    this.#hold.set(0)
    this.#wake()
  }

  readonly #closed = (): void => {
    this.#isOpen = false
    if (this.#socket.destroyed) this.#hold.release()
    this.#wake()
  }

  #wake(): void {
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const resume of waiting) resume()
  }
}

/** What outlets have in common. */
interface WriterScheduling {
  /** Where is counted what a connection has not taken. */
  readonly account: (socket: Duplex) => ConnectionAccount
  readonly flushLater: (outlet: ConnectionWriter, event: object) => void
  /** What is to be written for these pieces. */
  readonly join: (pieces: readonly PayloadPiece[]) => BufferList
}

/**
 * The outlets of all connections. Each turn of the event loop writes to some of them, and to few while the server is busy
 * with operations: what one write makes known to thousands goes out while the next ones wait for the disk.
 */
export class WriteScheduler {
  readonly #writers = new WeakMap<Duplex, ConnectionWriter>()
  readonly #load: () => number
  readonly #scheduling: WriterScheduling
  readonly #coalescer = new BufferCoalescer()
  readonly #pending = new RoundRobinQueue<ConnectionWriter>()
  #isFlushing = false

  /** `load`: how many want something else than events, now or a moment ago. */
  constructor(load: () => number, held: MemoryBudget) {
    this.#load = load
    this.#scheduling = {
      account: (socket) => held.of(socket),
      flushLater: (outlet, event) => {
        this.#pending.push(event, outlet)
        if (!this.#isFlushing) setImmediate(this.#flush)
        this.#isFlushing = true
      },
      join: (pieces) => this.#coalescer.coalesce(pieces),
    }
  }

  /** The outlet of a connection, always the same. `maySend`: whether events may still be sent. */
  of(socket: Duplex, maySend: () => boolean): ConnectionWriter {
    const known = this.#writers.get(socket)
    if (known !== undefined) return known.rebind(maySend)
    const outlet = new ConnectionWriter(socket, maySend, this.#scheduling)
    this.#writers.set(socket, outlet)
    return outlet
  }

  readonly #flush = (): void => {
    const [load, begun] = [this.#load(), performance.now()]
    const rest = Math.min(Math.max(load - LOAD_THRESHOLD, 0), MAX_COOLDOWN_TURNS)
    if (rest === 0) this.#flushSome(load === 0 ? SOCKETS_PER_TURN.idle : SOCKETS_PER_TURN.asked, (most) => this.#pending.take(most))
    else this.#flushSome(Math.max(SOCKETS_PER_TURN.asked, Math.ceil(SOCKETS_PER_TURN.resting / rest)), (most) => this.#pending.takeRoundRobin(most))
    this.#isFlushing = !this.#pending.isEmpty
    if (!this.#isFlushing) this.#coalescer.clear()
    else if (rest === 0) setImmediate(this.#flush)
    else setTimeout(this.#flush, Math.min((performance.now() - begun) * rest, MAX_COOLDOWN_MS))
  }

  #flushSome(count: number, take: (most: number) => readonly ConnectionWriter[]): void {
    for (let left = count; left > 0 && !this.#pending.isEmpty;) {
      for (const outlet of take(left)) if (outlet.flushIfPending()) left--
    }
  }
}
