import type { Socket } from 'node:net'
import { openPeer, openSocket, postText } from './raw.ts'

/** The ways on which subscriptions travel. */
export const TRANSPORTS = ['ws', 'sse'] as const
export type Transport = (typeof TRANSPORTS)[number]

export interface Operation {
  readonly query: string
  readonly variables?: Readonly<Record<string, unknown>> | undefined
}

/** Where a server is. */
export interface Address {
  readonly port: number
  readonly wsEndpoint: string
}

/** A subscription on a connection of its own. It keeps the texts of what comes, byte for byte. */
export interface Subscriber {
  /** The results of GraphQL. */
  readonly payloads: readonly string[]
  /** All that came, as the transport brought it: messages or events, comments left out. */
  readonly raw: readonly string[]
  /** Whether the operation has ended, by `complete` or by an error. */
  ended(): boolean
  /** Says that nothing more is wanted; an event stream has no other way than to go. */
  complete(): void
  pause(): void
  resume(): void
  /** Is gone, without a word. */
  cut(): void
}

/** Subscribes under `id`, which event streams do not have. */
export function subscribe(over: Transport, address: Address, operation: Operation, id = '1'): Promise<Subscriber> {
  return over === 'ws' ? overWs(address, operation, id) : overSse(address, operation)
}

async function overWs({ wsEndpoint }: Address, payload: Operation, id: string): Promise<Subscriber> {
  const peer = await openPeer(wsEndpoint)
  const { socket } = peer
  const [raw, payloads]: [string[], string[]] = [[], []]
  const opening = `{"id":${JSON.stringify(id)},"type":"next","payload":`
  let ended = false
  socket.on('message', (data) => {
    const text = (data as Buffer).toString('utf8')
    raw.push(text)
    if (text.startsWith(opening)) payloads.push(text.slice(opening.length, -1))
    else ended ||= /"type":"(complete|error)"/.test(text.slice(0, 200))
  })
  peer.send(JSON.stringify({ id, type: 'subscribe', payload }))
  return {
    raw,
    payloads,
    ended: () => ended,
    complete: () => peer.send(JSON.stringify({ id, type: 'complete' })),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    cut: () => socket.terminate(),
  }
}

async function overSse({ port }: Address, operation: Operation): Promise<Subscriber> {
  const socket = await openSocket(port)
  const [raw, payloads]: [string[], string[]] = [[], []]
  let ended = false
  readEvents(socket, (event) => {
    if (event.startsWith(':')) return
    raw.push(event)
    if (event.startsWith('event: next\ndata: ')) payloads.push(event.slice('event: next\ndata: '.length))
    else ended ||= event === 'event: complete\ndata:'
  })
  const body = JSON.stringify(operation)
  socket.write(postText(body, { connection: null, accept: 'text/event-stream' }) + body)
  return {
    raw,
    payloads,
    ended: () => ended,
    complete: () => socket.destroy(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    cut: () => socket.destroy(),
  }
}

/** Takes a chunked body apart (RFC 9112, section 7.1), and its text into events. */
function readEvents(socket: Socket, take: (event: string) => void): void {
  let [bytes, text, headRead]: [Buffer, Buffer, boolean] = [Buffer.alloc(0), Buffer.alloc(0), false]
  socket.on('data', (part: Buffer) => {
    bytes = Buffer.concat([bytes, part])
    if (!headRead) {
      const end = bytes.indexOf('\r\n\r\n')
      if (end < 0) return
      headRead = true
      bytes = bytes.subarray(end + 4)
    }
    for (let chunk = firstChunk(bytes); chunk !== null; chunk = firstChunk(bytes)) {
      bytes = chunk.rest
      text = Buffer.concat([text, chunk.content])
    }
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      take(text.toString('utf8', 0, end))
      text = text.subarray(end + 2)
    }
  })
}

function firstChunk(bytes: Buffer): { readonly content: Buffer; readonly rest: Buffer } | null {
  const begin = bytes.indexOf('\r\n') + 2
  const end = begin + Number.parseInt(bytes.toString('latin1', 0, begin - 2), 16)
  if (begin < 2 || bytes.length < end + 2) return null
  if (bytes.toString('latin1', end, end + 2) !== '\r\n') throw new Error('A chunk is not as long as it says.')
  return { content: bytes.subarray(begin, end), rest: bytes.subarray(end + 2) }
}

/** A batch as operations of tests select it. */
export interface SentBatch {
  readonly cursor: string
  readonly upToDate: boolean
  readonly reset?: string | null
  readonly changes: readonly {
    readonly type: string
    readonly path: string
    readonly document: { readonly version: number; readonly value: unknown }
  }[]
}

/** The batches of `changes` or `live` that came. Throws when one has errors. */
export function batchesOf({ payloads }: Subscriber): readonly SentBatch[] {
  return payloads.map((payload) => {
    const { data, errors } = JSON.parse(payload) as { data?: Record<string, SentBatch>; errors?: unknown }
    const batch = Object.values(data ?? {})[0]
    if (errors !== undefined || batch === undefined) throw new Error(payload.slice(0, 1_000))
    return batch
  })
}

/** Selects what `SentBatch` has. */
export const BATCH = '{ cursor upToDate changes { type path document { version value } } }'
