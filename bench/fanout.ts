import type { WebSocket } from 'ws'
import { median, number, table } from './figures.ts'
import { openSocket } from './load.ts'
import { startServer, type BenchServer } from './server.ts'

const SUBSCRIBERS = 1_000
const WRITES = 50
const SUBSCRIBE = 'subscription { changes(paths: ["posts"]) { cursor upToDate changes { type path document { version value } } } }'
const POST = 'mutation { post(path: "posts", value: {title: "A post", likes: 1}) { id } }'

/** What 1,000 subscribers of one path cost: memory each, and time and CPU for each delivery. */
export async function fanout(): Promise<void> {
  const server = await startServer()
  await post(server)
  const sockets: WebSocket[] = []
  for (let i = 0; i < SUBSCRIBERS; i++) sockets.push(await openSocket(server.url))
  const before = server.memoryBytes()
  const inbox = new Inbox(sockets)
  const subscribed = inbox.next(SUBSCRIBERS)
  for (const socket of sockets) socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: SUBSCRIBE } }))
  await subscribed
  const bytes = (server.memoryBytes() - before) / SUBSCRIBERS
  const cpu = server.cpuMicros()
  const times: number[] = []
  for (let i = 0; i < WRITES; i++) {
    const begun = performance.now()
    const delivered = inbox.next(SUBSCRIBERS)
    await post(server)
    await delivered
    times.push(performance.now() - begun)
  }
  const cpuPerDelivery = (server.cpuMicros() - cpu) / (WRITES * SUBSCRIBERS)
  for (const socket of sockets) socket.terminate()
  await server.stop()
  console.log(`One write, ${number(SUBSCRIBERS)} subscribers of its path over ws`)
  table(['bytes per subscriber', 'ms to reach all', 'ms per subscriber', 'CPU µs per delivery'], [
    [number(bytes), median(times).toFixed(1), (median(times) / SUBSCRIBERS).toFixed(4), cpuPerDelivery.toFixed(1)],
  ])
}

async function post(server: BenchServer): Promise<void> {
  const response = await fetch(server.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query: POST }) })
  const text = await response.text()
  if (text.includes('"errors"')) throw new Error(text)
}

/** Counts the messages of all sockets. */
class Inbox {
  #missing = 0
  #done: () => void = () => {}

  constructor(sockets: readonly WebSocket[]) {
    for (const socket of sockets) {
      socket.on('message', (data: Buffer) => {
        if (!data.includes('"type":"next"')) return
        if (--this.#missing === 0) this.#done()
      })
    }
  }

  next(count: number): Promise<void> {
    this.#missing += count
    return new Promise((resolve) => {
      this.#done = resolve
    })
  }
}
