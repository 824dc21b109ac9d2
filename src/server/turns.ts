import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Work on the requests of connections, one after the other on each. */
export interface Turns {
  /** Begins the work on a request when its connection has answered those before it. */
  take(req: IncomingMessage, res: ServerResponse, begin: () => void): void
  /** Calls `next` when the connection has answered all requests that came so far; never when it is gone before. */
  after(socket: Duplex, next: () => void): void
}

/** `end` calls `next` when the work is done. */
type Turn = (next: () => void) => void

/** Turns of which at most `max` wait on one connection, which is closed when more come: its answers were not read for long. */
export function createTurns(max: number): Turns {
  const waiting = new WeakMap<Duplex, Turn[]>()
  const run = (socket: Duplex, turn: Turn): void => turn(() => {
    const next = socket.destroyed ? undefined : waiting.get(socket)?.shift()
    if (next === undefined) waiting.delete(socket)
    else run(socket, next)
  })
  const add = (socket: Duplex, turn: Turn): void => {
    const line = waiting.get(socket)
    if (line === undefined) {
      waiting.set(socket, [])
      run(socket, turn)
    } else if (line.length < max) line.push(turn)
    else socket.destroy()
  }
  return {
    take: ({ socket }, res, begin) => add(socket, (next) => {
      res.once('close', next)
      begin()
    }),
    after: (socket, next) => add(socket, (done) => {
      done()
      next()
    }),
  }
}
