import type { WebSocket } from 'ws'

/** One WebSocket, with what it costs the server in hand. */
export interface Peer {
  readonly socket: WebSocket
  /** Resolves when the text has left for the network: a reader that stops makes its writer wait. Rejects when it is gone. */
  send(text: string): Promise<void>
  /** Counts an operation; while there are as many as allowed, the socket is not read from. */
  begin(): void
  end(): void
  /** Pings, or ends a peer that answered none of the last two. */
  check(): void
  /** Whether one more subscription fits; `id` then counts until it is no more among the `running`. */
  subscribe(id: string, running: object): boolean
}

export interface PeerBounds {
  readonly operationsPerSocket: number
  readonly subscriptions: number
}

/** The socket was closed while something was to be sent: expected, and the end of the sender. */
export class Gone extends Error {
  override readonly name = 'Gone'
}

/** Pings that may stay unanswered. */
const MISSED_PINGS = 2

/** A peer on an open socket. */
export function createPeer(socket: WebSocket, bounds: PeerBounds): Peer {
  const subscriptions = new Set<string>()
  let operations = 0
  let missed = 0
  socket.on('pong', () => {
    missed = 0
  })
  return {
    socket,
    send: (text) => send(socket, text),
    begin: () => {
      operations++
      if (operations >= bounds.operationsPerSocket) socket.pause()
    },
    end: () => {
      operations--
      if (socket.isPaused && operations < bounds.operationsPerSocket) socket.resume()
    },
    check: () => {
      if (missed >= MISSED_PINGS) return socket.terminate()
      missed++
      if (socket.readyState === socket.OPEN) socket.ping()
    },
    subscribe: (id, running) => {
      for (const known of subscriptions) if (!(known in running)) subscriptions.delete(known)
      if (subscriptions.size >= bounds.subscriptions) return false
      subscriptions.add(id)
      return true
    },
  }
}

function send(socket: WebSocket, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.readyState !== socket.OPEN) return reject(new Gone('The socket is closed.'))
    socket.send(text, (error) => (error ? reject(new Gone('The socket was closed.', { cause: error })) : resolve()))
  })
}
