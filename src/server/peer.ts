import type { WebSocket } from 'ws'
import { Inbox, type InboxBounds } from './inbox.ts'

/** One WebSocket, with what it costs the server in hand. */
export interface Peer {
  readonly socket: WebSocket
  readonly inbox: Inbox
  /** Resolves when the text has left for the network: a reader that stops makes its writer wait. Rejects when it is gone. */
  send(text: string): Promise<void>
  /** Pings, or ends a peer that answered none of the last two. */
  check(): void
}

/** The socket was closed while something was to be sent: expected, and the end of the sender. */
export class Gone extends Error {
  override readonly name = 'Gone'
}

/** Pings that may stay unanswered. */
const MISSED_PINGS = 2

/** A peer on an open socket. */
export function createPeer(socket: WebSocket, bounds: InboxBounds): Peer {
  const inbox = new Inbox({
    isOpen: () => socket.readyState === socket.OPEN,
    unsent: () => socket.bufferedAmount,
    pause: () => socket.pause(),
    resume: () => {
      if (socket.isPaused) socket.resume()
    },
  }, bounds)
  let missed = 0
  socket.on('pong', () => {
    missed = 0
  })
  return {
    socket,
    inbox,
    send: async (text) => {
      const sent = send(socket, text)
      inbox.update()
      await sent
      inbox.update()
    },
    check: () => {
      // Its pongs are not read: whether it takes what was sent, shows the time of its connection.
      if (socket.isPaused) return
      if (missed >= MISSED_PINGS) return socket.terminate()
      missed++
      if (socket.readyState === socket.OPEN) socket.ping()
    },
  }
}

function send(socket: WebSocket, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.readyState !== socket.OPEN) return reject(new Gone('The socket is closed.'))
    socket.send(text, (error) => (error ? reject(new Gone('The socket was closed.', { cause: error })) : resolve()))
  })
}
