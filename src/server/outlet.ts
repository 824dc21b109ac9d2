import type { Duplex } from 'node:stream'
import { FairQueue } from './fair-queue.ts'
import type { Account, HeldBytes, Hold } from './held.ts'
import { Joiner } from './joiner.ts'
import type { Piece, Pieces } from './payload.ts'

/** Events that may wait for one connection's turn, and bytes of them; the last one may be longer. */
const EVENTS = 16
const EVENT_BYTES = 1_048_576
/**
 * Connections that are written to in one turn of the event loop: while nobody wants anything else of the server, while some
 * do, and before a rest that is as long as the turn. Before a longer one they are the fewer, though not fewer than for some.
 */
const OUTLETS = { idle: 256, asked: 4, resting: 32 } as const
/** So many that want something else are no crowd. For each one more it rests once more as long as a turn took, so often at most. */
const CROWD = 5
const REST = 18
/** The longest rest, ms: a turn may have taken long because the whole process stood still. */
const MOST_REST_MS = 100

/**
 * Writes events past what else writes to a connection, in order with it. What is written in one turn of the event loop
 * leaves in one write at its end.
 */
export class Outlet {
  readonly #socket: Duplex
  #maySend: () => boolean
  readonly #owner: Owner
  #waiting: (() => void)[] = []
  #pieces: readonly Piece[] = []
  #events = 0
  #bytes = 0
  /** Bytes of events that the connection has not taken. */
  #untaken = 0
  readonly #hold: Hold
  /** Of its connection. */
  readonly account: Account
  /** Whether it stands in the line of its owner: once, however often an answer takes its events along. */
  #isInLine = false
  /** Whether the connection takes no more for the moment. */
  #isFull = false
  #isOpen = true

  constructor(socket: Duplex, maySend: () => boolean, owner: Owner) {
    this.account = owner.account(socket)
    this.#hold = this.account.hold()
    this.#socket = socket
    this.#maySend = maySend
    this.#owner = owner
    socket.on('drain', this.#drained).on('close', this.#closed)
  }

  /** The connection goes on with something else: an event stream was answered on it, and now it is a WebSocket. */
  goOn(maySend: () => boolean): this {
    this.#maySend = maySend
    return this
  }

  /** Whether events could be sent when it last had some. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Writes whole frames or chunks. `event`: what they are made of, the same for all who get it. */
  write(pieces: readonly Piece[], event: object): void {
    this.#events++
    for (const { length } of pieces) this.#bytes += length
    if (!this.#isInLine) this.#owner.flushLater(this, event)
    this.#isInLine = true
    // Most often there is one event in a turn: what all get alike is not copied.
    this.#pieces = this.#pieces.length === 0 ? pieces : [...this.#pieces, ...pieces]
  }

  /** Whether it takes no more events for the moment. */
  get isFull(): boolean {
    return (this.#isFull || this.#events >= EVENTS || this.#bytes >= EVENT_BYTES) && !this.#socket.destroyed
  }

  /** Whether it takes more; else calls `resume` when it does, or when the connection is gone. A reader that stops makes its writer wait. */
  hasRoom(resume: () => void): boolean {
    if (!this.isFull) return true
    this.#waiting.push(resume)
    return false
  }

  /** Its turn in the line. Whether there was something to send. */
  takeTurn(): boolean {
    this.#isInLine = false
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
    const joined = this.#owner.join(pieces)
    if (joined.length > 1) socket.cork()
    for (const piece of joined) this.#isFull = !socket.write(piece)
    if (joined.length > 1) socket.uncork()
    if (!this.#isFull) return this.#wake()
    this.#untaken += bytes
    // Nothing can be told to a reader for whom there is no room: it is gone, and may come again.
    if (!this.#hold.set(this.#untaken)) socket.destroy()
  }

  readonly #drained = (): void => {
    this.#isFull = false
    this.#untaken = 0
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
interface Owner {
  /** Where is counted what a connection has not taken. */
  readonly account: (socket: Duplex) => Account
  readonly flushLater: (outlet: Outlet, event: object) => void
  /** What is to be written for these pieces. */
  readonly join: (pieces: readonly Piece[]) => Pieces
}

/**
 * The outlets of all connections. Each turn of the event loop writes to some of them, and to few while the server is busy
 * with operations: what one write makes known to thousands goes out while the next ones wait for the disk.
 */
export class Outlets {
  readonly #outlets = new WeakMap<Duplex, Outlet>()
  readonly #load: () => number
  readonly #owner: Owner
  readonly #joiner = new Joiner()
  readonly #written = new FairQueue<Outlet>()
  #isFlushing = false

  /** `load`: how many want something else than events, now or a moment ago. */
  constructor(load: () => number, held: HeldBytes) {
    this.#load = load
    this.#owner = {
      account: (socket) => held.of(socket),
      flushLater: (outlet, event) => {
        this.#written.push(event, outlet)
        if (!this.#isFlushing) setImmediate(this.#flush)
        this.#isFlushing = true
      },
      join: (pieces) => this.#joiner.join(pieces),
    }
  }

  /** The outlet of a connection, always the same. `maySend`: whether events may still be sent. */
  of(socket: Duplex, maySend: () => boolean): Outlet {
    const known = this.#outlets.get(socket)
    if (known !== undefined) return known.goOn(maySend)
    const outlet = new Outlet(socket, maySend, this.#owner)
    this.#outlets.set(socket, outlet)
    return outlet
  }

  readonly #flush = (): void => {
    const [load, begun] = [this.#load(), performance.now()]
    const rest = Math.min(Math.max(load - CROWD, 0), REST)
    if (rest === 0) this.#flushSome(load === 0 ? OUTLETS.idle : OUTLETS.asked, (most) => this.#written.take(most))
    else this.#flushSome(Math.max(OUTLETS.asked, Math.ceil(OUTLETS.resting / rest)), (most) => this.#written.takeFairly(most))
    this.#isFlushing = !this.#written.isEmpty
    if (!this.#isFlushing) this.#joiner.clear()
    else if (rest === 0) setImmediate(this.#flush)
    else setTimeout(this.#flush, Math.min((performance.now() - begun) * rest, MOST_REST_MS))
  }

  #flushSome(count: number, take: (most: number) => readonly Outlet[]): void {
    for (let left = count; left > 0 && !this.#written.isEmpty;) {
      for (const outlet of take(left)) if (outlet.takeTurn()) left--
    }
  }
}
