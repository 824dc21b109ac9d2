import { connect } from 'node:net'
import { percentiles } from '../figures.ts'
import type { BenchServer } from '../server.ts'

export interface RequestLoad {
  /** Path and query of the request. */
  readonly target: string
  /** A body per request. */
  readonly body: () => string
  /** Connections, each with one request in flight. */
  readonly clients: number
  readonly ms: number
}

export interface RequestFigure {
  readonly perSecond: number
  /** CPU time of the server per request, µs. */
  readonly cpuMicros: number
  /** Percentiles of the time from request to answer, ms. */
  readonly p50: number
  readonly p99: number
}

/** Sends POST requests over HTTP/1.1 with keep-alive by raw sockets, so that the client is not what is measured. */
export async function overSockets(server: BenchServer, load: RequestLoad): Promise<RequestFigure> {
  const cpu = server.cpuMicros()
  const begun = performance.now()
  const latencies = (
    await Promise.all(Array.from({ length: load.clients }, () => askUntil(begun + load.ms, server, load)))
  ).flat()
  const seconds = (performance.now() - begun) / 1_000
  const [p50 = NaN, p99 = NaN] = percentiles(latencies, [0.5, 0.99])
  return {
    perSecond: latencies.length / seconds,
    cpuMicros: (server.cpuMicros() - cpu) / latencies.length,
    p50,
    p99,
  }
}

/** The body of the answer to one request. */
export async function answerOf(server: BenchServer, target: string, body: string): Promise<string> {
  const response = await fetch(new URL(target, server.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  const text = await response.text()
  if (!response.ok || text.includes('"errors"')) throw new Error(text)
  return text
}

function askUntil(end: number, { url }: BenchServer, { target, body }: RequestLoad): Promise<readonly number[]> {
  const { hostname, port, host } = new URL(url)
  const latencies: number[] = []
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    const head = `POST ${target} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: `
    let [sentAt, got, expected] = [0, 0, -1]
    const ask = (): void => {
      const text = body()
      ;[sentAt, got, expected] = [performance.now(), 0, -1]
      socket.write(`${head}${Buffer.byteLength(text)}\r\n\r\n${text}`)
    }
    socket.on('data', (chunk: Buffer) => {
      // The head of an answer comes in one piece, with the beginning of the body.
      if (expected < 0) expected = expectedBytes(chunk)
      got += chunk.length
      if (got < expected) return
      latencies.push(performance.now() - sentAt)
      if (performance.now() < end) return ask()
      socket.destroy()
      resolve(latencies)
    })
    socket.once('error', reject)
    socket.once('connect', ask)
  })
}

/** Bytes of the whole answer. Throws when it is no success. */
function expectedBytes(chunk: Buffer): number {
  const end = chunk.indexOf('\r\n\r\n')
  const head = chunk.toString('latin1', 0, end)
  const [, length] = /content-length: (\d+)/i.exec(head) ?? []
  if (!head.startsWith('HTTP/1.1 200') || length === undefined) throw new Error(chunk.toString('utf8', 0, 500))
  return end + 4 + Number(length)
}
