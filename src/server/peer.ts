import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import { Inbox, type InboxBounds } from './inbox.ts'
import type { Outlet } from './outlet.ts'
import type { Payload } from './payload.ts'
import type { Sink } from './pump.ts'

/** One WebSocket, with what it costs the server in hand. */
export interface Peer {
  readonly socket: WebSocket
  readonly inbox: Inbox
  /** Resolves when the text has left for the network: a reader that stops makes its writer wait. Rejects when it is gone. */
  send(text: string): Promise<void>
  /** Where the payloads of the subscription `id` go: past `send`, and in order with it. */
  sink(id: string): Sink
  /** Closes the socket, after the events that were written. */
  readonly close: (code?: number, reason?: string) => void
  /** Pings, or ends a peer that answered none of the last two. */
  check(): void
}

/** The socket was closed while something was to be sent: expected, and the end of the sender. */
export class Gone extends Error {
  override readonly name = 'Gone'
}

/** Pings that may stay unanswered. */
const MISSED_PINGS = 2

/** What a peer is made of. */
export interface Wire {
  readonly socket: WebSocket
  /** The connection below it, for frames that are ready. */
  readonly connection: Duplex
  readonly outlet: Outlet
}

/** A peer on an open socket. */
export function createPeer({ socket, connection, outlet }: Wire, bounds: InboxBounds): Peer {
  const isOpen = (): boolean => socket.readyState === socket.OPEN
  const inbox = new Inbox({
    isOpen,
    unsent: () => socket.bufferedAmount,
    pause: () => socket.pause(),
    resume: () => {
      if (socket.isPaused) socket.resume()
    },
  }, bounds)
  connection.on('drain', () => inbox.update())
  let missed = 0
  socket.on('pong', () => {
    missed = 0
  })
  return {
    socket,
    inbox,
    send: async (text) => {
      // An answer waits for no events, but comes after them.
      outlet.flush()
      const sent = send(socket, text)
      inbox.update()
      await sent
      inbox.update()
    },
    sink: (id) => new Frames(outlet, id),
    close: (code, reason) => {
      outlet.flush()
      socket.close(code, reason)
    },
    check: () => {
      // Its pongs are not read: whether it takes what was sent, shows the time of its connection.
      if (socket.isPaused) return
      if (missed >= MISSED_PINGS) return socket.terminate()
      missed++
      if (isOpen()) socket.ping()
    },
  }
}

/** The frames of one subscription. */
class Frames implements Sink {
  readonly #outlet: Outlet
  readonly #id: string

  constructor(outlet: Outlet, id: string) {
    this.#outlet = outlet
    this.#id = id
  }

  isOpen(): boolean {
    return this.#outlet.isOpen
  }

  write(payload: Payload): void {
    this.#outlet.write(payload.frame(this.#id), payload)
  }

  hasRoom(resume: () => void): boolean {
    return this.#outlet.hasRoom(resume)
  }
}

function send(socket: WebSocket, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.readyState !== socket.OPEN) return reject(new Gone('The socket is closed.'))
    socket.send(text, (error) => (error ? reject(new Gone('The socket was closed.', { cause: error })) : resolve()))
  })
}
