import type { Socket } from 'node:net'
import { BATCH, type Address, type SentBatch } from '../server/feeds.ts'
import { openSocket, postText } from '../server/raw.ts'
import { maskedFrame, nextChunk, nextFrame, reader, type Frame } from '../wire-reader.ts'

/** One subscription: what it asked for, and what it got. */
export interface Follower {
  readonly feed: 'changes' | 'live'
  readonly path: string
  readonly where: string | undefined
  /** Paths, versions and values, in the order in which they came; and where it began. */
  readonly got: { readonly path: string; readonly version: number; readonly n: unknown }[]
  after: string | null
  ended: boolean
}

export interface Client {
  readonly followers: readonly Follower[]
  readonly socket: Socket
  /** Of a WebSocket. */
  readonly ask: (query: string, variables: object) => Promise<unknown>
}

export type Random = () => number
type Failed = (error: Error) => void

interface WsOptions {
  readonly failed: Failed
  readonly more?: readonly string[]
}

interface SseOptions {
  readonly failed: Failed
  readonly path: string
}

/** A value that shows when a byte of it is not its own. */
export const textOf = (n: number, length: number): string =>
  `${n} ${String.fromCharCode(97 + (n % 26)).repeat(length)}é`

const SHAPES: readonly (string | undefined)[] = [undefined, 'value.n % 2.0 == 0.0', 'value.n >= 0']

function followerOf(random: Random, path: string): Follower {
  return {
    feed: random() < 0.7 ? 'changes' : 'live',
    path,
    where: SHAPES[Math.floor(random() * 3)],
    got: [],
    after: null,
    ended: false,
  }
}

const operationOf = ({ feed, path, where }: Follower): object => ({
  query: `subscription ($where: String) { ${feed}(paths: ["${path}"], where: $where, heartbeatMs: 100) ${BATCH} }`,
  variables: { where },
})

function take(follower: Follower, payload: string): void {
  const { data, errors } = JSON.parse(payload) as { data?: Record<string, SentBatch>; errors?: unknown }
  const batch = data?.[follower.feed]
  if (batch === undefined || errors !== undefined) throw new Error(payload.slice(0, 300))
  follower.after ??= batch.changes.length === 0 ? batch.cursor : ''
  for (const {
    path,
    document: { version, value },
  } of batch.changes) {
    const { n, text } = value as { n: number; text: string }
    if (text !== textOf(n, text.length - `${n} é`.length)) throw new Error(`A value is spoiled: ${text.slice(0, 100)}`)
    follower.got.push({ path, version, n })
    follower.ended ||= path === `${follower.path}/end`
  }
}

/** What is not as it must be goes to `failed`. */
function listen(socket: Socket, failed: Failed, take: (part: Buffer) => void): void {
  socket.on('data', (part: Buffer) => {
    try {
      take(part)
    } catch (error) {
      socket.destroy()
      failed(error as Error)
    }
  })
}

/**
 * Subscribes several times on one WebSocket, under ids of all lengths, of which some are those of others too; and to
 * `more` paths.
 */
export async function openWs({ port }: Address, random: Random, { failed, more = [] }: WsOptions): Promise<Client> {
  const socket = await openSocket(port)
  const ids = ['1', crypto.randomUUID(), 'ü'.repeat(200)].filter((_, i) => i === 0 || random() < 0.4)
  const followers = new Map([
    ...ids.map((id) => [id, followerOf(random, 'posts')] as const),
    ...more.map((path) => [path, followerOf(random, path)] as const),
  ])
  const asked = new Map<string, (answer: unknown) => void>()
  let [head, number, pongs] = ['', 0, 0]
  const message = ({ opcode, payload }: Frame): void => {
    if (opcode !== 1) return void pongs++
    const text = payload.toString('utf8')
    const { id, type, payload: body } = JSON.parse(text) as { id: string; type: string; payload: unknown }
    const follower = followers.get(id)
    if (type === 'next' && follower !== undefined) take(follower, text.slice(text.indexOf('"payload":') + 10, -1))
    else if (type === 'next' && asked.has(id)) asked.get(id)?.(body)
    else if (type === 'complete' && asked.delete(id)) return
    else if (type === 'connection_ack') {
      for (const [key, one] of followers) {
        socket.write(maskedFrame(JSON.stringify({ id: key, type: 'subscribe', payload: operationOf(one) })))
      }
    } else if (type !== 'pong') throw new Error(`Nobody waits for ${text.slice(0, 200)}`)
  }
  const read = reader(nextFrame, message)
  listen(socket, failed, (part) => {
    if (head.endsWith('\r\n\r\n')) return read(part)
    head += part.toString('latin1')
    if (head.endsWith('\r\n\r\n')) socket.write(maskedFrame('{"type":"connection_init"}'))
  })
  socket.write(
    'GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n' +
      'sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n' +
      'sec-websocket-protocol: graphql-transport-ws\r\n\r\n',
  )
  const ask = (query: string, variables: object): Promise<unknown> =>
    new Promise((resolve) => {
      const id = `q${++number}`
      asked.set(id, resolve)
      socket.write(
        Buffer.concat([
          maskedFrame(JSON.stringify({ id, type: 'subscribe', payload: { query, variables } })),
          maskedFrame('{"type":"ping"}'),
          maskedFrame('hi', 9),
        ]),
      )
    })
  return { followers: [...followers.values()], socket, ask }
}

/** An event stream of what is written to a path. */
export async function openSse({ port }: Address, random: Random, { failed, path }: SseOptions): Promise<Client> {
  const socket = await openSocket(port)
  const follower = followerOf(random, path)
  const read = reader(nextChunk, (event) => {
    if (event === ':\n\n') return
    if (!event.startsWith('event: next\ndata: ') || event.indexOf('\n\n') !== event.length - 2) {
      throw new Error(`No event: ${event.slice(0, 200)}`)
    }
    take(follower, event.slice('event: next\ndata: '.length, -2))
  })
  let head: Buffer | null = Buffer.alloc(0)
  listen(socket, failed, (part) => {
    if (head === null) return read(part)
    head = Buffer.concat([head, part])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    read(head.subarray(end + 4))
    head = null
  })
  const body = JSON.stringify(operationOf(follower))
  socket.write(postText(body, { connection: null, accept: 'text/event-stream' }) + body)
  return { followers: [follower], socket, ask: () => Promise.reject(new Error('An event stream takes no questions.')) }
}
