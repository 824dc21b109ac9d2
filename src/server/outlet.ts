import type { Duplex } from 'node:stream'
import { Joiner } from './joiner.ts'
import type { Pieces } from './payload.ts'

/** Events that may wait for one connection's turn. */
const EVENTS = 16
/** Connections that are written to in one turn: while nobody wants anything else of the server, and while somebody does. */
const OUTLETS = { idle: 256, busy: 4 }
/**
 * While so many want something else, it rests between two turns, as a multiple of what a turn took; never longer than
 * `mostMs`, for a turn may have taken long because the whole process stood still.
 */
const CROWD = 6
const REST = { times: 12, mostMs: 100 }
/** Those that were written to are forgotten so many at a time. */
const DONE = 1_024

/**
 * Writes events past what else writes to a connection, in order with it. What is written in one turn of the event loop
 * leaves in one write at its end.
 */
export class Outlet {
  readonly #socket: Duplex
  readonly #isOpen: () => boolean
  readonly #owner: Owner
  #waiting: (() => void)[] = []
  #pieces: Pieces = []
  #events = 0
  /** Whether it stands in the line of its owner: once, however often an answer takes its events along. */
  #isInLine = false
  /** Whether the connection takes no more for the moment. */
  #isFull = false

  constructor(socket: Duplex, isOpen: () => boolean, owner: Owner) {
    this.#socket = socket
    this.#isOpen = isOpen
    this.#owner = owner
    socket.on('drain', this.#drained).on('close', this.#wake)
  }

  /** Writes whole frames or chunks. */
  write(pieces: Pieces): void {
    this.#events++
    if (!this.#isInLine) this.#owner.flushLater(this)
    this.#isInLine = true
    // Most often there is one event in a turn: what all get alike is not copied.
    this.#pieces = this.#pieces.length === 0 ? pieces : [...this.#pieces, ...pieces]
  }

  /** Whether it takes more; else calls `resume` when it does, or when the connection is gone. A reader that stops makes its writer wait. */
  hasRoom(resume: () => void): boolean {
    if ((!this.#isFull && this.#events < EVENTS) || this.#socket.destroyed) return true
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
    const [pieces, socket] = [this.#pieces, this.#socket]
    if (pieces.length === 0) return
    this.#pieces = []
    this.#events = 0
    if (!this.#isOpen()) return this.#wake()
    const joined = this.#owner.join(pieces)
    if (joined.length > 1) socket.cork()
    for (const piece of joined) this.#isFull = !socket.write(piece)
    if (joined.length > 1) socket.uncork()
    if (!this.#isFull) this.#wake()
  }

  readonly #drained = (): void => {
    this.#isFull = false
    this.#wake()
  }

  readonly #wake = (): void => {
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const resume of waiting) resume()
  }
}

/** What outlets have in common. */
interface Owner {
  readonly flushLater: (outlet: Outlet) => void
  /** What is to be written for these pieces. */
  readonly join: (pieces: Pieces) => Pieces
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
  #written: Outlet[] = []
  #next = 0

  /** `load`: how many want something else than events, now or a moment ago. */
  constructor(load: () => number) {
    this.#load = load
    this.#owner = {
      flushLater: (outlet) => {
        if (this.#written.push(outlet) === 1) setImmediate(this.#flush)
      },
      join: (pieces) => this.#joiner.join(pieces),
    }
  }

  /** The outlet of a connection, always the same. `isOpen`: whether events may still be sent. */
  of(socket: Duplex, isOpen: () => boolean): Outlet {
    const outlet = this.#outlets.get(socket) ?? new Outlet(socket, isOpen, this.#owner)
    this.#outlets.set(socket, outlet)
    return outlet
  }

  readonly #flush = (): void => {
    const [load, begun] = [this.#load(), performance.now()]
    let left: number = load === 0 ? OUTLETS.idle : OUTLETS.busy
    while (left > 0 && this.#next < this.#written.length) if (this.#written[this.#next++]?.takeTurn() === true) left--
    if (this.#next >= DONE || this.#next >= this.#written.length) this.#forget()
    if (this.#written.length === 0) return this.#joiner.clear()
    if (load < CROWD) setImmediate(this.#flush)
    else setTimeout(this.#flush, Math.min(REST.times * (performance.now() - begun), REST.mostMs))
  }

  #forget(): void {
    this.#written.splice(0, this.#next)
    this.#next = 0
  }
}
