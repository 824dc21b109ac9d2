import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { MemoryBudget, Reservation } from '../limits/memory-budget.ts'

/** Processes the requests of each connection one at a time, FIFO. */
export interface RequestQueue {
  /** Calls `start` when the connection has answered all requests before this one. */
  enqueue(req: IncomingMessage, res: ServerResponse, start: () => void): void
  /**
   * Calls `next` when the connection has answered all requests before this one; never if the connection closes first.
   */
  after(req: IncomingMessage, socket: Duplex, next: () => void): void
}

/** The queued requests of one connection. */
interface Pipeline {
  readonly queued: PipelinedRequest[]
  isPaused: boolean
}

interface PipelinedRequest {
  /** Starts the request; calls `next` when it is answered. */
  readonly start: (next: () => void) => void
  /** Bytes of the queued request. */
  readonly reservation: Reservation
}

/** Memory of a header beside its text. */
const HEADER_OVERHEAD_BYTES = 48
/** Memory of a request beside its headers, and most bytes of its body that Node reads while it is queued. */
const [REQUEST_BYTES, BODY_BYTES] = [2_048, 65_536]

/** Queued requests at which a connection is paused until its queue is empty: backpressure for further requests. */
const PAUSE_THRESHOLD = 8

/**
 * Queues at most `max` requests per connection, within the memory budget; beyond either the connection is destroyed.
 */
export function createRequestQueue(max: number, memoryBudget: MemoryBudget): RequestQueue {
  const pipelines = new WeakMap<Duplex, Pipeline>()
  const run = (socket: Duplex, pipeline: Pipeline, { start, reservation }: PipelinedRequest): void => {
    reservation.release()
    start(() => {
      if (socket.destroyed) for (const request of pipeline.queued.splice(0)) request.reservation.release()
      const next = pipeline.queued.shift()
      if (pipeline.queued.length === 0) resume(socket, pipeline)
      if (next === undefined) pipelines.delete(socket)
      else run(socket, pipeline, next)
    })
  }
  const wait = (socket: Duplex, pipeline: Pipeline, request: PipelinedRequest): void => {
    pipeline.queued.push(request)
    if (pipeline.queued.length >= PAUSE_THRESHOLD) pause(socket, pipeline)
  }
  const add = (req: IncomingMessage, socket: Duplex, start: PipelinedRequest['start']): void => {
    const pipeline = pipelines.get(socket)
    const request = { start, reservation: memoryBudget.account(socket).reserve() }
    if (pipeline === undefined) {
      const first: Pipeline = { queued: [], isPaused: false }
      pipelines.set(socket, first)
      run(socket, first, request)
    } else if (pipeline.queued.length < max && request.reservation.grow(requestBytes(req))) {
      wait(socket, pipeline, request)
    } else socket.destroy()
  }
  return {
    enqueue: (req, res, start) =>
      add(req, req.socket, (next) => {
        res.once('close', next)
        start()
      }),
    after: (req, socket, next) =>
      add(req, socket, (done) => {
        done()
        if (!socket.destroyed) next()
      }),
  }
}

/**
 * Stops reading. Node resumes a connection whenever a message is complete or a body is read, so `resume` is disabled
 * meanwhile.
 */
function pause(socket: Duplex, pipeline: Pipeline): void {
  if (pipeline.isPaused) return
  pipeline.isPaused = true
  socket.pause()
  socket.resume = () => socket
}

function resume(socket: Duplex, pipeline: Pipeline): void {
  if (!pipeline.isPaused) return
  pipeline.isPaused = false
  Reflect.deleteProperty(socket, 'resume')
  socket.resume()
}

function requestBytes({ headers, rawHeaders, url = '' }: IncomingMessage): number {
  const body = Math.min(Number(headers['content-length'] ?? BODY_BYTES), BODY_BYTES)
  return rawHeaders.reduce((sum, text) => sum + text.length + HEADER_OVERHEAD_BYTES, REQUEST_BYTES + url.length + body)
}
