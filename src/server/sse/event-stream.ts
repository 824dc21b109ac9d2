import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { PayloadCache } from '../broadcast/payload-cache.ts'
import type { Bounds } from '../config/config.ts'
import type { Executor } from '../operations/executor.ts'
import type { RunningSubscription } from '../operations/subscription.ts'
import type { FlushScheduler } from '../broadcast/flush-scheduler.ts'
import { chunkOf, Payload, type BufferList } from '../broadcast/payload.ts'
import { Pump, type Sink } from '../broadcast/pump.ts'
import { toWire } from '../operations/result.ts'

/**
 * Subscriptions as Server-Sent Events, in the "distinct connections" form of graphql-sse
 * (https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md).
 */
export interface EventStreams {
  /** Answers with the events of a subscription until they end or the connection closes. Never rejects. */
  answer(res: ServerResponse, headers: OutgoingHttpHeaders | null, feed: RunningSubscription): Promise<void>
  /** Ends all streams without a last event, so that clients resume. */
  end(): void
}

interface EventStreamsParts {
  readonly executor: Pick<Executor, 'mask'>
  readonly payloadCache: PayloadCache
  readonly flushScheduler: FlushScheduler
}

/** Response headers of an event stream. */
const STREAM_HEADERS: OutgoingHttpHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // Some proxies would buffer events (https://nginx.org/en/docs/http/ngx_http_proxy_module.html).
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
}

/** The last event of a stream that ended; without its empty data, a browser would drop the event. */
const COMPLETE = 'event: complete\ndata:\n\n'
const COMMENT = Buffer.from(':\n\n')
const COMMENT_CHUNK = chunkOf(COMMENT)

/** The events of a single result: `next` and `complete`. */
export function singleResultEvents(json: string): string {
  return `event: next\ndata: ${json}\n\n${COMPLETE}`
}

/** Event streams; idle ones get a comment every `pingMs`, so that no proxy closes them. */
export function createEventStreams(
  { executor, payloadCache, flushScheduler }: EventStreamsParts,
  { pingMs }: Pick<Bounds, 'pingMs'>,
): EventStreams {
  const open = new Set<ServerResponse>()
  const commentTimer = setInterval(() => open.forEach(sendComment), pingMs).unref()
  const errorPayload = (error: unknown): Payload =>
    new Payload(JSON.stringify(toWire({ errors: [executor.mask(error)] })))
  return {
    answer: async (res, headers, subscription) => {
      // The connection may have closed while the subscription started.
      if (res.destroyed) return void (await subscription.events.return?.())
      const sink = startStream(res, headers, flushScheduler)
      const pump = new Pump(subscription.events, payloadCache.join(subscription.args), sink)
      open.add(res)
      res.once('close', () => {
        open.delete(res)
        void pump.stop().catch(() => {})
      })
      await pump.run().catch((error: unknown) => {
        if (sink.isOpen()) sink.write(errorPayload(error))
      })
      sink.flush()
      if (sink.isOpen()) res.end(COMPLETE)
    },
    end: () => {
      clearInterval(commentTimer)
      for (const res of open) res.destroy()
    },
  }
}

interface StreamSink extends Sink {
  /** Sends the buffered events now. */
  flush(): void
}

/** Sends the headers; events then bypass the response, as finished chunks on its connection. */
function startStream(
  res: ServerResponse,
  headers: OutgoingHttpHeaders | null,
  flushScheduler: FlushScheduler,
): StreamSink {
  res.writeHead(200, { ...STREAM_HEADERS, ...headers })
  // Some browsers deliver a response only when a part of its body has arrived.
  res.write(COMMENT)
  const { socket } = res
  if (socket === null) {
    return {
      account: null,
      isOpen: () => false,
      write: () => {},
      isFull: () => false,
      canWrite: () => true,
      flush: () => {},
    }
  }
  // The socket decides, not the response: with keep-alive, other responses may follow on the connection.
  const writer = flushScheduler.writer(socket, () => !socket.destroyed)
  const piecesOf = (payload: Payload): BufferList => (res.chunkedEncoding ? payload.chunk() : payload.event())
  return {
    account: writer.account,
    isOpen: () => !res.destroyed && !res.writableEnded,
    write: (payload) => writer.write(piecesOf(payload), payload),
    isFull: () => writer.isFull,
    canWrite: (onDrain) => writer.canWrite(onDrain),
    flush: () => writer.flush(),
  }
}

/**
 * Writes no comment while bytes are unsent: it is not needed then, and would hide a stalled connection from the
 * timeout.
 */
function sendComment(res: ServerResponse): void {
  if (res.socket === null || res.socket.writableLength > 0) return
  res.socket.write(res.chunkedEncoding ? COMMENT_CHUNK : COMMENT)
}
