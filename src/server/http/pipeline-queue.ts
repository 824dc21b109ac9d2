import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { MemoryBudget, Reservation } from '../limits/memory-budget.ts'

/** Work on the requests of connections, one after the other on each. */
export interface PipelineQueue {
  /** Begins the work on a request when its connection has answered those before it. */
  enqueue(req: IncomingMessage, res: ServerResponse, begin: () => void): void
  /** Calls `next` when the connection has answered all requests before this one; never when it is gone before. */
  after(req: IncomingMessage, socket: Duplex, next: () => void): void
}

/** What waits on one connection. */
interface PipelineLine {
  readonly turns: PipelinedRequest[]
  isPaused: boolean
}

interface PipelinedRequest {
  /** Calls `next` when the work is done. */
  readonly begin: (next: () => void) => void
  /** Bytes that wait. */
  readonly hold: Reservation
}

/** What a header takes beside its text. */
const HEADER_BYTES = 48
/** What a request takes beside its headers, and most of its body that is read before it is its turn. */
const [REQUEST_BYTES, BODY_BYTES] = [2_048, 65_536]

/** A connection on which so many wait is not read until none does: the rest is better left in the network. */
const PAUSED_AT = 8

/** Turns of which at most `max` wait on one connection, as far as there is room; it is closed when more come at once. */
export function createPipelineQueue(max: number, held: MemoryBudget): PipelineQueue {
  const lines = new WeakMap<Duplex, PipelineLine>()
  const run = (socket: Duplex, line: PipelineLine, { begin, hold }: PipelinedRequest): void => {
    hold.release()
    begin(() => {
      if (socket.destroyed) for (const turn of line.turns.splice(0)) turn.hold.release()
      const next = line.turns.shift()
      if (line.isPaused && line.turns.length === 0) socket.resume()
      line.isPaused &&= line.turns.length > 0
      if (next === undefined) lines.delete(socket)
      else run(socket, line, next)
    })
    // Node reads on when the body of a request is read, though it may be there already.
    if (line.isPaused) setImmediate(() => line.isPaused && socket.pause())
  }
  const wait = (socket: Duplex, line: PipelineLine, turn: PipelinedRequest): void => {
    line.turns.push(turn)
    if (line.turns.length < PAUSED_AT) return
    line.isPaused = true
    socket.pause()
  }
  const add = (req: IncomingMessage, socket: Duplex, begin: PipelinedRequest['begin']): void => {
    const line = lines.get(socket)
    const turn = { begin, hold: held.of(socket).reserve() }
    if (line === undefined) {
      const first: PipelineLine = { turns: [], isPaused: false }
      lines.set(socket, first)
      run(socket, first, turn)
    } else if (line.turns.length < max && turn.hold.grow(requestBytes(req))) wait(socket, line, turn)
    else socket.destroy()
  }
  return {
    enqueue: (req, res, begin) => add(req, req.socket, (next) => {
      res.once('close', next)
      begin()
    }),
    after: (req, socket, next) => add(req, socket, (done) => {
      done()
      if (!socket.destroyed) next()
    }),
  }
}

function requestBytes({ headers, rawHeaders, url = '' }: IncomingMessage): number {
  const body = Math.min(Number(headers['content-length'] ?? BODY_BYTES), BODY_BYTES)
  return rawHeaders.reduce((sum, text) => sum + text.length + HEADER_BYTES, REQUEST_BYTES + url.length + body)
}
