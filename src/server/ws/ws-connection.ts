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
import type { ConnectionWriter } from '../broadcast/write-scheduler.ts'
import { NextOpening, type Payload } from '../broadcast/payload.ts'
import { answerPings } from './pong.ts'
import type { Sink } from '../broadcast/pump.ts'

/** One WebSocket, with what it costs the server in hand. */
export interface WsConnection {
  readonly socket: WebSocket
  readonly inbox: MessageQueue
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
  readonly connection: Duplex
  readonly outlet: ConnectionWriter
  readonly held: MemoryBudget
  readonly pace: OperationPacer
  readonly bounds: Bounds
  /** Handles a message; must not reject. */
  readonly handle: (peer: WsConnection, message: unknown) => Promise<void>
}

/** How long a peer may take to close a socket that was closed here, ms; what it holds is held so long. */
const CLOSE_MS = 5_000

/** The server has no room; clients come again (https://www.iana.org/assignments/websocket/websocket.xhtml). */
const TRY_AGAIN_LATER = 1013

/** A peer on an open socket. */
export function createWsConnection(wire: ConnectionParts): WsConnection {
  return new OpenWsConnection(wire)
}

const NO_CONNECTION_ROOM = 'Too much is held for this connection'

class OpenWsConnection implements WsConnection {
  readonly socket: WebSocket
  readonly inbox: MessageQueue
  readonly #wire: ConnectionParts
  readonly #arrival = new IncomingMessageTimer()
  readonly #receiving: Reservation
  readonly #leaving: UnsentAnswers
  readonly #liveness: Liveness

  constructor(wire: ConnectionParts) {
    const { socket, connection, held, pace, bounds } = wire
    const account = held.of(connection)
    this.socket = socket
    this.#wire = wire
    this.inbox = new MessageQueue(this.#line(), bounds, { account, pace })
    this.#receiving = account.reserve()
    this.#leaving = new UnsentAnswers(account.reserve(), () => this.inbox.claimed)
    this.#liveness = new Liveness(bounds.pingMs, performance.now())
    // Before the library reads it: a message that is complete waits in the inbox.
    connection.prependListener('data', (chunk: Buffer) => this.#read(chunk))
    connection.on('drain', () => this.inbox.update())
    socket.on('pong', () => this.#liveness.answered()).on('ping', answerPings(socket)).once('close', () => this.#closed())
  }

  async send(text: string): Promise<void> {
    // An answer waits for no events, but comes after them.
    this.#wire.outlet.flush()
    this.#leaving.add(text.length)
    const sent = send(this.socket, text)
    this.inbox.update()
    try {
      await sent
    } finally {
      this.#leaving.add(-text.length)
      this.inbox.update()
    }
  }

  sink(id: string): Sink {
    return new FrameSink(this.#wire.outlet, id)
  }

  receive(data: Buffer): void {
    if (this.#isOpen() && !this.inbox.receive(data)) this.#overrun()
  }

  close(code?: number, reason?: string): void {
    this.#wire.outlet.flush()
    this.socket.close(code, reason)
    setTimeout(() => this.socket.terminate(), CLOSE_MS).unref()
  }

  checkAlive(): void {
    const now = performance.now()
    // What it sent, and its pongs, may be there: whether it takes what was sent, shows the time of its connection.
    if (this.socket.isPaused) return this.#liveness.unheard(now)
    if (this.#isOpen() && this.#arrival.takes(now) > this.#wire.bounds.requestMs) return this.close(CloseCode.ConnectionInitialisationTimeout, 'The message took too long')
    const due = this.#liveness.next(now)
    if (due === 'gone') this.socket.terminate()
    if (due === 'ping' && this.#isOpen()) this.socket.ping()
  }

  #line(): SocketControl {
    const { socket } = this
    return {
      isOpen: () => this.#isOpen(),
      unsent: () => socket.bufferedAmount,
      pause: () => socket.pause(),
      resume: () => {
        if (!socket.isPaused) return
        this.#arrival.goOn(performance.now())
        socket.resume()
      },
      handle: (message) => this.#wire.handle(this, message),
      refuse: (id) => this.#refuse(id),
      fail: () => this.close(CloseCode.BadRequest, 'Invalid message received'),
    }
  }

  #isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN
  }

  #read(chunk: Buffer): void {
    this.#arrival.read(chunk, performance.now())
    if (!this.#receiving.set(this.#arrival.bytes) && this.#arrival.bytes > MIN_CONNECTION_BYTES && this.#isOpen()) this.#overrun()
  }

  /** At once: until it is gone, it holds what there is no room for. */
  #overrun(): void {
    this.close(TRY_AGAIN_LATER, NO_CONNECTION_ROOM)
    setImmediate(() => this.socket.terminate())
  }

  /** Tells that there is no room for an operation; for anything else, the socket is closed. */
  async #refuse(id: unknown): Promise<void> {
    if (typeof id !== 'string') return this.close(TRY_AGAIN_LATER, NO_CONNECTION_ROOM)
    const error = { message: `${NO_CONNECTION_ROOM}: try again in a second.`, extensions: { code: 'TOO_MANY_REQUESTS', retryAfterMs: 1_000 } }
    await this.send(JSON.stringify({ id, type: 'error', payload: [error] })).catch(() => {})
  }

  #closed(): void {
    this.#receiving.release()
    this.#leaving.release()
    this.inbox.clear()
  }
}

/** The frames of one subscription. */
class FrameSink implements Sink {
  readonly #outlet: ConnectionWriter
  readonly #opening: NextOpening
  readonly account: ConnectionAccount

  constructor(outlet: ConnectionWriter, id: string) {
    this.account = outlet.account
    this.#outlet = outlet
    this.#opening = new NextOpening(id)
  }

  isOpen(): boolean {
    return this.#outlet.isOpen
  }

  write(payload: Payload): void {
    this.#outlet.write(payload.frame(this.#opening), payload)
  }

  isFull(): boolean {
    return this.#outlet.isFull
  }

  canWrite(resume: () => void): boolean {
    return this.#outlet.canWrite(resume)
  }
}

function send(socket: WebSocket, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.readyState !== socket.OPEN) return reject(new ConnectionClosed('The socket is closed.'))
    // A text would be held twice while it waits.
    socket.send(text.length > LARGE_MESSAGE_BYTES ? Buffer.from(text) : text, { binary: false }, (error) => (error ? reject(new ConnectionClosed('The socket was closed.', { cause: error })) : resolve()))
  })
}
