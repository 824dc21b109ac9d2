import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Begins the work on a request when its connection has answered those before it. */
export type Turns = (req: IncomingMessage, res: ServerResponse, begin: () => void) => void

interface Turn {
  readonly res: ServerResponse
  readonly begin: () => void
}

/** Turns of which at most `max` wait on one connection, which is closed when more come: its answers were not read for long. */
export function createTurns(max: number): Turns {
  const waiting = new WeakMap<Socket, Turn[]>()
  const take = (socket: Socket, { res, begin }: Turn): void => {
    res.once('close', () => {
      const next = socket.destroyed ? undefined : waiting.get(socket)?.shift()
      if (next === undefined) waiting.delete(socket)
      else take(socket, next)
    })
    begin()
  }
  return ({ socket }, res, begin) => {
    const line = waiting.get(socket)
    if (line === undefined) {
      waiting.set(socket, [])
      take(socket, { res, begin })
    } else if (line.length < max) line.push({ res, begin })
    else socket.destroy()
  }
}
