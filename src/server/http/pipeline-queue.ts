import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { MemoryBudget, Reservation } from '../limits/memory-budget.ts'

/** Work on the requests of connections, one after the other on each. */
export interface PipelineQueue {
  /** Begins the work on a request when its connection has answered those before it. */
  enqueue(req: IncomingMessage, res: ServerResponse, start: () => void): void
  /** Calls `next` when the connection has answered all requests before this one; never when it is gone before. */
  after(req: IncomingMessage, socket: Duplex, next: () => void): void
}

/** What waits on one connection. */
interface Pipeline {
  readonly queued: PipelinedRequest[]
  isPaused: boolean
}

interface PipelinedRequest {
  /** Calls `next` when the work is done. */
  readonly start: (next: () => void) => void
  /** Bytes that wait. */
  readonly reservation: Reservation
}

/** What a header takes beside its text. */
const HEADER_OVERHEAD_BYTES = 48
/** What a request takes beside its headers, and most of its body that is read before it is its turn. */
const [REQUEST_BYTES, BODY_BYTES] = [2_048, 65_536]

/** A connection on which so many wait is not read until none does: the rest is better left in the network. */
const PAUSE_THRESHOLD = 8

/** Turns of which at most `max` wait on one connection, as far as there is room; it is closed when more come at once. */
export function createPipelineQueue(max: number, memoryBudget: MemoryBudget): PipelineQueue {
  const pipelines = new WeakMap<Duplex, Pipeline>()
  const run = (socket: Duplex, pipeline: Pipeline, { start, reservation }: PipelinedRequest): void => {
    reservation.release()
    start(() => {
      if (socket.destroyed) for (const request of pipeline.queued.splice(0)) request.reservation.release()
      const next = pipeline.queued.shift()
      if (pipeline.isPaused && pipeline.queued.length === 0) socket.resume()
      pipeline.isPaused &&= pipeline.queued.length > 0
      if (next === undefined) pipelines.delete(socket)
      else run(socket, pipeline, next)
    })
    // Node reads on when the body of a request is read, though it may be there already.
    if (pipeline.isPaused) setImmediate(() => pipeline.isPaused && socket.pause())
  }
  const wait = (socket: Duplex, pipeline: Pipeline, request: PipelinedRequest): void => {
    pipeline.queued.push(request)
    if (pipeline.queued.length < PAUSE_THRESHOLD) return
    pipeline.isPaused = true
    socket.pause()
  }
  const add = (req: IncomingMessage, socket: Duplex, start: PipelinedRequest['start']): void => {
    const pipeline = pipelines.get(socket)
    const request = { start, reservation: memoryBudget.account(socket).reserve() }
    if (pipeline === undefined) {
      const first: Pipeline = { queued: [], isPaused: false }
      pipelines.set(socket, first)
      run(socket, first, request)
    } else if (pipeline.queued.length < max && request.reservation.grow(requestBytes(req))) wait(socket, pipeline, request)
    else socket.destroy()
  }
  return {
    enqueue: (req, res, start) => add(req, req.socket, (next) => {
      res.once('close', next)
      start()
    }),
    after: (req, socket, next) => add(req, socket, (done) => {
      done()
      if (!socket.destroyed) next()
    }),
  }
}

function requestBytes({ headers, rawHeaders, url = '' }: IncomingMessage): number {
  const body = Math.min(Number(headers['content-length'] ?? BODY_BYTES), BODY_BYTES)
  return rawHeaders.reduce((sum, text) => sum + text.length + HEADER_OVERHEAD_BYTES, REQUEST_BYTES + url.length + body)
}
