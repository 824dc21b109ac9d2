import type { Duplex } from 'node:stream'
import type { ConnectionAccount, Reservation } from '../limits/memory-budget.ts'
import type { PayloadPiece, BufferList } from './payload.ts'

/** Events that may wait for one connection's turn, and bytes of them; the last one may be longer. */
const MAX_PENDING_EVENTS = 16
const MAX_PENDING_BYTES = 1_048_576

/**
 * Writes events past what else writes to a connection, in order with it. What is written in one turn of the event loop
 * leaves in one write at its end.
 */
export class ConnectionWriter {
  readonly #socket: Duplex
  #maySend: () => boolean
  readonly #scheduler: WriterScheduling
  #onDrain: (() => void)[] = []
  #pendingPieces: readonly PayloadPiece[] = []
  #pendingEvents = 0
  #pendingBytes = 0
  /** Bytes of events that the connection has not taken. */
  #unsentBytes = 0
  readonly #reservation: Reservation
  /** Of its connection. */
  readonly account: ConnectionAccount
  /** Whether it stands in the line of its owner: once, however often an answer takes its events along. */
  #isQueued = false
  /** Whether the connection takes no more for the moment. */
  #needsDrain = false
  #isOpen = true

  constructor(socket: Duplex, maySend: () => boolean, scheduler: WriterScheduling) {
    this.account = scheduler.account(socket)
    this.#reservation = this.account.reserve()
    this.#socket = socket
    this.#maySend = maySend
    this.#scheduler = scheduler
    socket.on('drain', this.#handleDrain).on('close', this.#handleClose)
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
    this.#pendingEvents++
    for (const { length } of pieces) this.#pendingBytes += length
    if (!this.#isQueued) this.#scheduler.flushLater(this, event)
    this.#isQueued = true
    // Most often there is one event in a turn: what all get alike is not copied.
    this.#pendingPieces = this.#pendingPieces.length === 0 ? pieces : [...this.#pendingPieces, ...pieces]
  }

  /** Whether it takes no more events for the moment. */
  get isFull(): boolean {
    return (this.#needsDrain || this.#pendingEvents >= MAX_PENDING_EVENTS || this.#pendingBytes >= MAX_PENDING_BYTES) && !this.#socket.destroyed
  }

  /** Whether it takes more; else calls `resume` when it does, or when the connection is gone. A reader that stops makes its writer wait. */
  canWrite(onDrain: () => void): boolean {
    if (!this.isFull) return true
    this.#onDrain.push(onDrain)
    return false
  }

  /** Its turn in the line. Whether there was something to send. */
  flushIfPending(): boolean {
    this.#isQueued = false
    const isDue = this.#pendingEvents > 0
    this.flush()
    return isDue
  }

  /** Sends what was written, now. */
  flush(): void {
    const [pieces, socket, bytes] = [this.#pendingPieces, this.#socket, this.#pendingBytes]
    if (pieces.length === 0) return
    this.#pendingPieces = []
    this.#pendingEvents = 0
    this.#pendingBytes = 0
    if (!this.#maySend()) return this.#handleClose()
    const buffers = this.#scheduler.coalesce(pieces)
    if (buffers.length > 1) socket.cork()
    for (const piece of buffers) this.#needsDrain = !socket.write(piece)
    if (buffers.length > 1) socket.uncork()
    if (!this.#needsDrain) return this.#notifyDrained()
    this.#unsentBytes += bytes
    // Nothing can be told to a reader for whom there is no room: it is gone, and may come again.
    if (!this.#reservation.set(this.#unsentBytes)) socket.destroy()
  }

  readonly #handleDrain = (): void => {
    this.#needsDrain = false
    this.#unsentBytes = 0
    this.#reservation.set(0)
    this.#notifyDrained()
  }

  readonly #handleClose = (): void => {
    this.#isOpen = false
    if (this.#socket.destroyed) this.#reservation.release()
    this.#notifyDrained()
  }

  #notifyDrained(): void {
    if (this.#onDrain.length === 0) return
    const listeners = this.#onDrain
    this.#onDrain = []
    for (const onDrain of listeners) onDrain()
  }
}

/** What outlets have in common. */
export interface WriterScheduling {
  /** Where is counted what a connection has not taken. */
  readonly account: (socket: Duplex) => ConnectionAccount
  readonly flushLater: (writer: ConnectionWriter, event: object) => void
  /** What is to be written for these pieces. */
  readonly coalesce: (pieces: readonly PayloadPiece[]) => BufferList
}
