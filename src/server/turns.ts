import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { HeldBytes, Hold } from './held.ts'

/** Work on the requests of connections, one after the other on each. */
export interface Turns {
  /** Begins the work on a request when its connection has answered those before it. */
  take(req: IncomingMessage, res: ServerResponse, begin: () => void): void
  /** Calls `next` when the connection has answered all requests before this one; never when it is gone before. */
  after(req: IncomingMessage, socket: Duplex, next: () => void): void
}

interface Turn {
  /** Calls `next` when the work is done. */
  readonly begin: (next: () => void) => void
  /** Bytes that wait. */
  readonly hold: Hold
}

/** What a header takes beside its text. */
const HEADER_BYTES = 48
/** What a request takes beside its headers, and most of its body that is read before it is its turn. */
const [REQUEST_BYTES, BODY_BYTES] = [2_048, 65_536]

/** Turns of which at most `max` wait on one connection, as far as there is room; it is closed when more come: its answers were not read for long. */
export function createTurns(max: number, held: HeldBytes): Turns {
  const waiting = new WeakMap<Duplex, Turn[]>()
  const run = (socket: Duplex, { begin, hold }: Turn): void => {
    hold.release()
    begin(() => {
      const line = waiting.get(socket) ?? []
      if (socket.destroyed) for (const turn of line.splice(0)) turn.hold.release()
      const next = line.shift()
      if (next === undefined) waiting.delete(socket)
      else run(socket, next)
    })
  }
  const add = (req: IncomingMessage, socket: Duplex, begin: Turn['begin']): void => {
    const line = waiting.get(socket)
    const turn = { begin, hold: held.of(socket).hold() }
    if (line === undefined) {
      waiting.set(socket, [])
      run(socket, turn)
    } else if (line.length < max && turn.hold.grow(bytesOf(req))) line.push(turn)
    else socket.destroy()
  }
  return {
    take: (req, res, begin) => add(req, req.socket, (next) => {
      res.once('close', next)
      begin()
    }),
    after: (req, socket, next) => add(req, socket, (done) => {
      done()
      if (!socket.destroyed) next()
    }),
  }
}

function bytesOf({ headers, rawHeaders, url = '' }: IncomingMessage): number {
  const body = Math.min(Number(headers['content-length'] ?? BODY_BYTES), BODY_BYTES)
  return rawHeaders.reduce((sum, text) => sum + text.length + HEADER_BYTES, REQUEST_BYTES + url.length + body)
}
