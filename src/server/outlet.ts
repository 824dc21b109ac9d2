import type { Duplex } from 'node:stream'
import type { Pieces } from './payload.ts'

/** Events that one connection is given in one turn of the event loop. */
const EVENTS_PER_TURN = 16
/** Connections that are written to in one turn. */
const OUTLETS_PER_TURN = 256

/**
 * Writes events past what else writes to a connection, in order with it. What is written in one turn of the event loop
 * leaves in one write at its end.
 */
export class Outlet {
  readonly #socket: Duplex
  readonly #flushLater: (outlet: Outlet) => void
  #waiting: (() => void)[] = []
  #events = 0

  constructor(socket: Duplex, flushLater: (outlet: Outlet) => void) {
    this.#socket = socket
    this.#flushLater = flushLater
    socket.on('drain', this.#wake).on('close', this.#wake)
  }

  /** Writes whole frames or chunks. */
  write(pieces: Pieces): void {
    if (this.#events++ === 0) {
      this.#socket.cork()
      this.#flushLater(this)
    }
    for (const piece of pieces) this.#socket.write(piece)
  }

  /** Null when it takes more; else resolves when it does, or when the connection is gone. A reader that stops makes its writer wait. */
  room(): Promise<void> | null {
    const isFull = this.#socket.writableNeedDrain || this.#events >= EVENTS_PER_TURN
    if (!isFull || this.#socket.destroyed) return null
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Sends what was written in this turn. */
  flush(): void {
    this.#events = 0
    this.#socket.uncork()
    if (!this.#socket.writableNeedDrain) this.#wake()
  }

  readonly #wake = (): void => {
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const resume of waiting) resume()
  }
}

/** The outlets of all connections: each turn of the event loop writes to some of them, so that others run in between. */
export class Outlets {
  readonly #outlets = new WeakMap<Duplex, Outlet>()
  #written: Outlet[] = []

  /** The outlet of a connection, always the same. */
  of(socket: Duplex): Outlet {
    const outlet = this.#outlets.get(socket) ?? new Outlet(socket, this.#flushLater)
    this.#outlets.set(socket, outlet)
    return outlet
  }

  readonly #flushLater = (outlet: Outlet): void => {
    if (this.#written.push(outlet) === 1) setImmediate(this.#flush)
  }

  readonly #flush = (): void => {
    for (const outlet of this.#written.splice(0, OUTLETS_PER_TURN)) outlet.flush()
    if (this.#written.length > 0) setImmediate(this.#flush)
  }
}
