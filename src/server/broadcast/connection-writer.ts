import type { Duplex } from 'node:stream'
import type { ConnectionAccount, Reservation } from '../limits/memory-budget.ts'
import type { PayloadPiece, BufferList } from './payload.ts'

/**
 * High-water marks of one connection between two flushes, in events and in bytes; the last event may exceed the bytes.
 */
const MAX_PENDING_EVENTS = 16
const MAX_PENDING_BYTES = 1_048_576

/**
 * Writes events directly to a connection, in order with the `ws` or HTTP output on it. Events are buffered until the
 * scheduler flushes the connection, or an answer does; then they leave in one write.
 */
export class ConnectionWriter {
  readonly #socket: Duplex
  #maySend: () => boolean
  readonly #scheduler: WriterScheduling
  #onDrain: (() => void)[] = []
  #pendingPieces: readonly PayloadPiece[] = []
  #pendingEvents = 0
  #pendingBytes = 0
  /** Bytes of events in the socket's buffer since it last drained. */
  #unsentBytes = 0
  readonly #reservation: Reservation
  /** Memory account of the connection. */
  readonly account: ConnectionAccount
  /** Whether the scheduler has it queued: only once, even when an answer has flushed its events meanwhile. */
  #isQueued = false
  /** Whether the last write exceeded the socket's high-water mark, until `drain`. */
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

  /** Replaces `maySend` when a connection is reused: after an event stream, it may become a WebSocket. */
  rebind(maySend: () => boolean): this {
    this.#maySend = maySend
    return this
  }

  /** False once the connection is closed, or a flush could not send. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Buffers whole frames or chunks until the flush. `event`: the object they render, the same for all connections. */
  write(pieces: readonly PayloadPiece[], event: object): void {
    this.#pendingEvents++
    for (const { length } of pieces) this.#pendingBytes += length
    if (!this.#isQueued) this.#scheduler.flushLater(this, event)
    this.#isQueued = true
    // Mostly there is one event per flush: the array that connections share is not copied.
    this.#pendingPieces = this.#pendingPieces.length === 0 ? pieces : [...this.#pendingPieces, ...pieces]
  }

  /** Backpressure: whether no more events may be written for now. Never for a destroyed socket. */
  get isFull(): boolean {
    return (
      (this.#needsDrain || this.#pendingEvents >= MAX_PENDING_EVENTS || this.#pendingBytes >= MAX_PENDING_BYTES) &&
      !this.#socket.destroyed
    )
  }

  /** Whether more events may be written; else calls `onDrain` once they may, or when the connection is gone. */
  canWrite(onDrain: () => void): boolean {
    if (!this.isFull) return true
    this.#onDrain.push(onDrain)
    return false
  }

  /** Called by the scheduler, which has dequeued the writer. */
  flushQueued(): void {
    this.#isQueued = false
    this.flush()
  }

  /** Sends the buffered events now. */
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
    // Beyond the memory budget of the connection, it is closed; its reader may connect again and resume.
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

/** The part of the scheduler that its writers use. */
export interface WriterScheduling {
  /** The account that bears the unsent bytes of a connection. */
  readonly account: (socket: Duplex) => ConnectionAccount
  /** Queues the writer for a flush, in the lane of `event`. */
  readonly flushLater: (writer: ConnectionWriter, event: object) => void
  /** The pieces as buffers, concatenated where that is faster. */
  readonly coalesce: (pieces: readonly PayloadPiece[]) => BufferList
}
