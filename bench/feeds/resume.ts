import type { WebSocket } from 'ws'
import { median, number, table } from '../figures.ts'
import { openSocket } from '../load.ts'
import { startServer, type BenchServer } from '../server.ts'

const CLIENTS = 1_000
const MISSED = 100
const ROUNDS = 3
/** Connections opened at once: more would overflow the listener's queue. */
const OPENED_AT_ONCE = 100
const QUERY =
  'subscription ($after: Cursor) { changes(paths: ["posts"], after: $after) { cursor changes { path ' +
  'document { version value } } } }'

/**
 * Time until 1,000 clients that resume at once have the 100 changes that each missed. Fails if any is lost or repeated.
 */
export async function resume(): Promise<void> {
  const server = await startServer()
  const seconds: number[] = []
  const cpuSeconds: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const cursor = await write(server, round, { count: 0 })
    await write(server, round, { count: MISSED })
    const sockets = await openAll(server)
    const clients = sockets.map((socket) => new Client(socket, round))
    const [begun, cpu] = [performance.now(), server.cpuMicros()]
    for (const client of clients) client.follow(cursor)
    await Promise.all(clients.map((client) => client.has(MISSED)))
    seconds.push((performance.now() - begun) / 1_000)
    cpuSeconds.push((server.cpuMicros() - cpu) / 1e6)
    // The next change must be a new one: no change was repeated at the end.
    await Promise.all([
      write(server, round, { count: 1, first: MISSED }),
      ...clients.map((client) => client.has(MISSED + 1)),
    ])
    for (const socket of sockets) socket.terminate()
  }
  await server.stop()
  console.log(
    `${number(CLIENTS)} clients over ws, connected, resume at once; each missed ${MISSED} changes; none ` +
      'lost, none doubled',
  )
  table(
    ['seconds until all have all', 'changes per second', "server's CPU seconds"],
    [[median(seconds).toFixed(2), number((CLIENTS * MISSED) / median(seconds)), median(cpuSeconds).toFixed(2)]],
  )
}

/** Writes `count` posts from the number `first` on, each in a commit; returns the cursor after them. */
async function write(
  { url }: BenchServer,
  round: number,
  { count, first = 0 }: { readonly count: number; readonly first?: number },
): Promise<string> {
  for (let i = first; i < first + count; i++) {
    await ask(url, 'mutation ($value: JSON) { post(path: "posts", value: $value) { cursor } }', {
      value: { title: 'A post as people write them', round, i },
    })
  }
  const {
    put: { cursor },
  } = await ask<{ put: { cursor: string } }>(url, 'mutation { put(path: "rounds/1", value: 1) { cursor } }', {})
  return cursor
}

async function ask<T>(url: string, query: string, variables: Readonly<Record<string, unknown>>): Promise<T> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors } = (await response.json()) as { data: T; errors?: unknown }
  if (errors !== undefined) throw new Error(JSON.stringify(errors))
  return data
}

async function openAll({ url }: BenchServer): Promise<readonly WebSocket[]> {
  const sockets: WebSocket[] = []
  while (sockets.length < CLIENTS) {
    sockets.push(...(await Promise.all(Array.from({ length: OPENED_AT_ONCE }, () => openSocket(url)))))
  }
  return sockets
}

interface Message {
  readonly payload: {
    readonly data: {
      readonly changes: {
        readonly changes: readonly {
          readonly document: { readonly value: { readonly round: number; readonly i: number } }
        }[]
      }
    }
  }
}

/** A client that resumes, and fails at the first unexpected change. */
class Client {
  readonly #socket: WebSocket
  readonly #round: number
  #due = 0
  #goal = Infinity
  #reached: () => void = () => {}
  #failed: (error: Error) => void = () => {}

  constructor(socket: WebSocket, round: number) {
    this.#socket = socket
    this.#round = round
    socket.once('close', () => this.#failed(new Error(`A client was closed when ${this.#due} changes had come.`)))
    socket.on('message', (data: Buffer) => this.#receive(data.toString()))
  }

  follow(after: string): void {
    this.#socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: QUERY, variables: { after } } }))
  }

  /** Resolves when `count` changes have come. */
  has(count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#goal = count
      this.#reached = resolve
      this.#failed = reject
      if (this.#due >= count) resolve()
    })
  }

  #receive(text: string): void {
    if (!text.includes('"data":{')) return this.#failed(new Error(text))
    for (const {
      document: { value },
    } of (JSON.parse(text) as Message).payload.data.changes.changes) {
      if (value.round !== this.#round || value.i !== this.#due) {
        this.#failed(
          new Error(`Change ${this.#due} of round ${this.#round} was due, and ${JSON.stringify(value)} came.`),
        )
      }
      this.#due++
    }
    if (this.#due >= this.#goal) this.#reached()
  }
}
