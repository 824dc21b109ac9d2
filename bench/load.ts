import autocannon from 'autocannon'
import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { Figure } from './figures.ts'
import type { BenchServer } from './server.ts'

type Variables = Readonly<Record<string, unknown>>

export interface Load {
  readonly query: string
  readonly variables: Variables
  /** Concurrent clients, each with one operation in flight. */
  readonly clients: number
  readonly ms: number
}

interface WsLoad extends Omit<Load, 'variables'> {
  /** The same for each operation, or made for each. */
  readonly variables: Variables | (() => Variables)
}

/** Runs the operation over HTTP/1.1 with keep-alive, one connection per client. */
export async function overHttp(server: BenchServer, load: Load): Promise<Figure> {
  const before = server.cpuMicros()
  const result = await autocannon({
    url: server.url,
    connections: load.clients,
    duration: load.ms / 1000,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: load.query, variables: load.variables }),
  })
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${result.non2xx + result.errors} requests failed`)
  const done = result['2xx']
  return { perSecond: done / result.duration, cpuMicros: (server.cpuMicros() - before) / done }
}

/** Runs the operation over graphql-transport-ws, one socket per client. */
export async function overWs(server: BenchServer, load: WsLoad): Promise<Figure> {
  const sockets = await Promise.all(Array.from({ length: load.clients }, () => openSocket(server.url)))
  const before = server.cpuMicros()
  const begun = performance.now()
  const counts = await Promise.all(sockets.map((socket) => repeat(socket, load, begun + load.ms)))
  const seconds = (performance.now() - begun) / 1000
  const done = counts.reduce((sum, count) => sum + count, 0)
  for (const socket of sockets) socket.close()
  return { perSecond: done / seconds, cpuMicros: (server.cpuMicros() - before) / done, operations: done }
}

/** An acknowledged graphql-transport-ws connection. */
export async function openSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', { perMessageDeflate: false })
  await once(socket, 'open')
  socket.send('{"type":"connection_init"}')
  await once(socket, 'message')
  return socket
}

function repeat(socket: WebSocket, { query, variables }: WsLoad, until: number): Promise<number> {
  const payload = (): string =>
    JSON.stringify({ query, variables: typeof variables === 'function' ? variables() : variables })
  const constant = typeof variables === 'function' ? null : payload()
  let count = 0
  return new Promise((resolve, reject) => {
    const ask = (): void => socket.send(`{"id":"${count}","type":"subscribe","payload":${constant ?? payload()}}`)
    socket.on('message', (data: Buffer) => {
      const text = data.toString()
      if (text.includes('"type":"ping"')) return socket.send('{"type":"pong"}')
      if (text.includes('"errors"')) return reject(new Error(text))
      if (!text.includes('"type":"complete"')) return
      count++
      if (performance.now() < until) ask()
      else resolve(count)
    })
    ask()
  })
}
