import type { Duplex } from 'node:stream'
import { CloseCode } from 'graphql-ws'
import type { WebSocket } from 'ws'
import { IncomingMessageTimer } from './incoming-message-timer.ts'
import type { Bounds } from '../config/config.ts'
import { MIN_CONNECTION_BYTES, type ConnectionAccount, type MemoryBudget, type Reservation } from '../limits/memory-budget.ts'
import { MessageQueue, type SocketControl } from './message-queue.ts'
import { UnsentAnswers } from './unsent-answers.ts'
import { LARGE_MESSAGE_BYTES, type OperationPacer } from '../limits/operation-pacer.ts'
import { Liveness } from './liveness.ts'
import type { ConnectionWriter } from '../broadcast/connection-writer.ts'
import { NextOpening, type Payload } from '../broadcast/payload.ts'
import { answerPings } from './pong.ts'
import type { Sink } from '../broadcast/pump.ts'

/** One WebSocket, with what it costs the server in hand. */
export interface WsConnection {
  readonly socket: WebSocket
  readonly messages: MessageQueue
  /** Resolves when the text has left for the network: a reader that stops makes its writer wait. Rejects when it is gone. */
  send(text: string): Promise<void>
  /** Where the payloads of the subscription `id` go: past `send`, and in order with it. */
  sink(id: string): Sink
  /** Takes in the text of a message; ends a peer for which there is no room. */
  receive(data: Buffer): void
  /** Closes the socket, after the events that were written; its peer has some seconds to close it too. */
  close(code?: number, reason?: string): void
  /** Pings when it is time, and ends a peer that is gone, or whose message takes too long. */
  checkAlive(): void
}

/** The socket was closed while something was to be sent: expected, and the end of the sender. */
export class ConnectionClosed extends Error {
  override readonly name = 'Gone'
}

/** What a peer is made of. */
export interface ConnectionParts {
  readonly socket: WebSocket
  /** The connection below it, for frames that are ready. */
  readonly stream: Duplex
  readonly writer: ConnectionWriter
  readonly memoryBudget: MemoryBudget
  readonly pacer: OperationPacer
  readonly bounds: Bounds
  /** Handles a message; must not reject. */
  readonly handle: (connection: WsConnection, message: unknown) => Promise<void>
}

/** How long a peer may take to close a socket that was closed here, ms; what it holds is held so long. */
const CLOSE_MS = 5_000

/** The server has no room; clients come again (https://www.iana.org/assignments/websocket/websocket.xhtml). */
const TRY_AGAIN_LATER = 1013

/** A peer on an open socket. */
export function createWsConnection(parts: ConnectionParts): WsConnection {
  return new OpenWsConnection(parts)
}

const OVER_BUDGET = 'Too much is held for this connection'

class OpenWsConnection implements WsConnection {
  readonly socket: WebSocket
  readonly messages: MessageQueue
  readonly #parts: ConnectionParts
  readonly #incoming = new IncomingMessageTimer()
  readonly #incomingReservation: Reservation
  readonly #unsent: UnsentAnswers
  readonly #liveness: Liveness

  constructor(parts: ConnectionParts) {
    const { socket, stream, memoryBudget, pacer, bounds } = parts
    const account = memoryBudget.account(stream)
    this.socket = socket
    this.#parts = parts
    this.messages = new MessageQueue(this.#socketControl(), bounds, { account, pacer })
    this.#incomingReservation = account.reserve()
    this.#unsent = new UnsentAnswers(account.reserve(), () => this.messages.claimedBytes)
    this.#liveness = new Liveness(bounds.pingMs, performance.now())
    // Before the library reads it: a message that is complete waits in the inbox.
    stream.prependListener('data', (chunk: Buffer) => this.#read(chunk))
    stream.on('drain', () => this.messages.update())
    socket.on('pong', () => this.#liveness.onPong()).on('ping', answerPings(socket)).once('close', () => this.#closed())
  }

  async send(text: string): Promise<void> {
    // An answer waits for no events, but comes after them.
    this.#parts.writer.flush()
    this.#unsent.add(text.length)
    const sent = send(this.socket, text)
    this.messages.update()
    try {
      await sent
    } finally {
      this.#unsent.add(-text.length)
      this.messages.update()
    }
  }

  sink(id: string): Sink {
    return new FrameSink(this.#parts.writer, id)
  }

  receive(data: Buffer): void {
    if (this.#isOpen() && !this.messages.receive(data)) this.#closeOverBudget()
  }

  close(code?: number, reason?: string): void {
    this.#parts.writer.flush()
    this.socket.close(code, reason)
    setTimeout(() => this.socket.terminate(), CLOSE_MS).unref()
  }

  checkAlive(): void {
    const now = performance.now()
    // What it sent, and its pongs, may be there: whether it takes what was sent, shows the time of its connection.
    if (this.socket.isPaused) return this.#liveness.onPaused(now)
    if (this.#isOpen() && this.#incoming.elapsedMs(now) > this.#parts.bounds.requestMs) return this.close(CloseCode.ConnectionInitialisationTimeout, 'The message took too long')
    const action = this.#liveness.next(now)
    if (action === 'gone') this.socket.terminate()
    if (action === 'ping' && this.#isOpen()) this.socket.ping()
  }

  #socketControl(): SocketControl {
    const { socket } = this
    return {
      isOpen: () => this.#isOpen(),
      bufferedBytes: () => socket.bufferedAmount,
      pause: () => socket.pause(),
      resume: () => {
        if (!socket.isPaused) return
        this.#incoming.onResumed(performance.now())
        socket.resume()
      },
      handle: (message) => this.#parts.handle(this, message),
      refuse: (id) => this.#refuse(id),
      fail: () => this.close(CloseCode.BadRequest, 'Invalid message received'),
    }
  }

  #isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN
  }

  #read(chunk: Buffer): void {
    this.#incoming.read(chunk, performance.now())
    if (!this.#incomingReservation.set(this.#incoming.bytes) && this.#incoming.bytes > MIN_CONNECTION_BYTES && this.#isOpen()) this.#closeOverBudget()
  }

  /** At once: until it is gone, it holds what there is no room for. */
  #closeOverBudget(): void {
    this.close(TRY_AGAIN_LATER, OVER_BUDGET)
    setImmediate(() => this.socket.terminate())
  }

  /** Tells that there is no room for an operation; for anything else, the socket is closed. */
  async #refuse(id: unknown): Promise<void> {
    if (typeof id !== 'string') return this.close(TRY_AGAIN_LATER, OVER_BUDGET)
    const error = { message: `${OVER_BUDGET}: try again in a second.`, extensions: { code: 'TOO_MANY_REQUESTS', retryAfterMs: 1_000 } }
    await this.send(JSON.stringify({ id, type: 'error', payload: [error] })).catch(() => {})
  }

  #closed(): void {
    this.#incomingReservation.release()
    this.#unsent.release()
    this.messages.clear()
  }
}

/** The frames of one subscription. */
class FrameSink implements Sink {
  readonly #writer: ConnectionWriter
  readonly #opening: NextOpening
  readonly account: ConnectionAccount

  constructor(writer: ConnectionWriter, id: string) {
    this.account = writer.account
    this.#writer = writer
    this.#opening = new NextOpening(id)
  }

  isOpen(): boolean {
    return this.#writer.isOpen
  }

  write(payload: Payload): void {
    this.#writer.write(payload.frame(this.#opening), payload)
  }

  isFull(): boolean {
    return this.#writer.isFull
  }

  canWrite(onDrain: () => void): boolean {
    return this.#writer.canWrite(onDrain)
  }
}

function send(socket: WebSocket, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.readyState !== socket.OPEN) return reject(new ConnectionClosed('The socket is closed.'))
    // A text would be held twice while it waits.
    socket.send(text.length > LARGE_MESSAGE_BYTES ? Buffer.from(text) : text, { binary: false }, (error) => (error ? reject(new ConnectionClosed('The socket was closed.', { cause: error })) : resolve()))
  })
}
