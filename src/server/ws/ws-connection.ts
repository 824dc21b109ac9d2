import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { CloseCode } from 'graphql-ws'
import type { WebSocket } from 'ws'
import { IncomingMessageTimer } from './incoming-message-timer.ts'
import type { Bounds } from '../config/config.ts'
import {
  MIN_CONNECTION_BYTES,
  type ConnectionAccount,
  type MemoryBudget,
  type Reservation,
} from '../limits/memory-budget.ts'
import { MessageQueue, type SocketControl } from './message-queue.ts'
import { UnsentAnswers } from './unsent-answers.ts'
import type { OperationPacer } from '../limits/operation-pacer.ts'
import { LARGE_MESSAGE_BYTES } from '../limits/parse-in-turns.ts'
import { Liveness } from './liveness.ts'
import type { ConnectionWriter } from '../broadcast/connection-writer.ts'
import { NextOpening, type Payload } from '../broadcast/payload.ts'
import { answerPings } from './pong.ts'
import type { Sink } from '../broadcast/pump.ts'

/** One WebSocket, with backpressure and a memory budget. */
export interface WsConnection {
  readonly socket: WebSocket
  readonly messages: MessageQueue
  /** The request that opened the connection; undefined when no plugin may look at it. */
  readonly req: IncomingMessage | undefined
  /**
   * Sends texts in one write. Resolves when they have left for the network (backpressure). Rejects with
   * ConnectionClosed when the socket is closed.
   */
  send(...texts: readonly string[]): Promise<void>
  /** The sink of the subscription `id`: it bypasses `send`, and stays in order with it. */
  sink(id: string): Sink
  /** Queues the text of a message; closes the connection when it exceeds the memory budget. */
  receive(data: Buffer): void
  /** Flushes the events, then closes the socket; terminates it when the peer has not closed it within `CLOSE_MS`. */
  close(code?: number, reason?: string): void
  /**
   * Pings when that is due; ends a connection whose peer is gone, or whose message takes too long. Called at intervals.
   */
  checkAlive(): void
}

/** The socket was closed before a text was sent: expected, and no failure to report. */
export class ConnectionClosed extends Error {
  override readonly name = 'ConnectionClosed'
}

/** The parts of a connection. */
export interface ConnectionParts {
  readonly socket: WebSocket
  /** See `WsConnection`. */
  readonly req: IncomingMessage | undefined
  /** The TCP connection below the WebSocket. */
  readonly stream: Duplex
  readonly writer: ConnectionWriter
  readonly memoryBudget: MemoryBudget
  readonly pacer: OperationPacer
  readonly bounds: Bounds
  /** Handles a message; must not reject. */
  readonly handle: (connection: WsConnection, message: unknown) => Promise<void>
}

/** Time for the peer to close a socket that the server has closed, ms; its bytes are held until then. */
const CLOSE_MS = 5_000

/** Close code: no memory; clients reconnect (https://www.iana.org/assignments/websocket/websocket.xhtml). */
const TRY_AGAIN_LATER = 1013

/** A connection on an open socket. */
export function createWsConnection(parts: ConnectionParts): WsConnection {
  return new OpenWsConnection(parts)
}

const OVER_BUDGET = 'Too much is held for this connection'

class OpenWsConnection implements WsConnection {
  readonly socket: WebSocket
  readonly messages: MessageQueue
  readonly req: IncomingMessage | undefined
  readonly #parts: ConnectionParts
  readonly #incoming = new IncomingMessageTimer()
  readonly #incomingReservation: Reservation
  readonly #unsent: UnsentAnswers
  readonly #liveness: Liveness

  constructor(parts: ConnectionParts) {
    const { socket, stream, memoryBudget, pacer, bounds } = parts
    const account = memoryBudget.account(stream)
    this.socket = socket
    this.req = parts.req
    this.#parts = parts
    this.messages = new MessageQueue(this.#socketControl(), bounds, { account, pacer })
    this.#incomingReservation = account.reserve()
    this.#unsent = new UnsentAnswers(account.reserve(), () => this.messages.claimedBytes)
    this.#liveness = new Liveness(bounds.pingMs, performance.now())
    // Before `ws` reads the chunk: a complete message is counted in the message queue.
    stream.prependListener('data', (chunk: Buffer) => this.#read(chunk))
    stream.on('drain', () => this.messages.update())
    socket
      .on('pong', () => this.#liveness.onPong())
      .on('ping', answerPings(socket))
      .once('close', () => this.#closed())
  }

  async send(...texts: readonly string[]): Promise<void> {
    const length = texts.reduce((sum, text) => sum + text.length, 0)
    const { writer, stream } = this.#parts
    // Buffered events leave before the answer, so that the order is kept.
    writer.flush()
    this.#unsent.add(length)
    stream.cork()
    const sent = Promise.all(texts.map((text) => send(this.socket, text)))
    stream.uncork()
    this.messages.update()
    try {
      await sent
    } finally {
      this.#unsent.add(-length)
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
    // A paused socket reads no pongs: the timeout of its TCP connection finds a stalled peer instead.
    if (this.socket.isPaused) return this.#liveness.onPaused(now)
    if (this.#isOpen() && this.#incoming.elapsedMs(now) > this.#parts.bounds.requestMs) {
      return this.close(CloseCode.ConnectionInitialisationTimeout, 'The message took too long')
    }
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
    if (
      !this.#incomingReservation.set(this.#incoming.bytes) &&
      this.#incoming.bytes > MIN_CONNECTION_BYTES &&
      this.#isOpen()
    ) {
      this.#closeOverBudget()
    }
  }

  /** Does not wait for the peer: until the socket is gone, it holds more than the budget. */
  #closeOverBudget(): void {
    this.close(TRY_AGAIN_LATER, OVER_BUDGET)
    setImmediate(() => this.socket.terminate())
  }

  /** Answers an operation with TOO_MANY_REQUESTS; closes the socket for any other message. */
  async #refuse(id: unknown): Promise<void> {
    if (typeof id !== 'string') return this.close(TRY_AGAIN_LATER, OVER_BUDGET)
    const error = {
      message: `${OVER_BUDGET}: try again in a second.`,
      extensions: { code: 'TOO_MANY_REQUESTS', retryAfterMs: 1_000 },
    }
    await this.send(JSON.stringify({ id, type: 'error', payload: [error] })).catch(() => {})
  }

  #closed(): void {
    this.#incomingReservation.release()
    this.#unsent.release()
    this.messages.clear()
  }
}

/** Writes the payloads of one subscription as frames. */
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
    // As a string, a long text would be held twice while it waits.
    socket.send(text.length > LARGE_MESSAGE_BYTES ? Buffer.from(text) : text, { binary: false }, (error) =>
      error ? reject(new ConnectionClosed('The socket was closed.', { cause: error })) : resolve(),
    )
  })
}
