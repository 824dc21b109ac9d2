import { setTimeout as after } from 'node:timers/promises'
import { interleaved, median, number, ratio, table } from '../figures.ts'
import { openSocket, overWs, type Load } from '../load.ts'
import { startServer, type BenchServer } from '../server.ts'
import { openSubscribers, type Subscribers } from './subscribers.ts'

const MANY = 10_000
const SOME = 1_000
const POST = 'mutation ($value: JSON) { post(path: "posts", value: $value) { id } }'

/** Writes posts that carry the moment of their writing. */
interface Writer {
  /** Sends one; the answer is not awaited. */
  post(): void
  close(): void
}

async function openWriter(server: BenchServer): Promise<Writer> {
  const socket = await openSocket(server.url)
  let id = 0
  return {
    post: () => {
      const variables = { value: { title: 'A post as people write them', likes: 42, t: Number(process.hrtime.bigint() / 1_000n) } }
      socket.send(JSON.stringify({ id: String(id++), type: 'subscribe', payload: { query: POST, variables } }))
    },
    close: () => socket.terminate(),
  }
}

const PERIOD_MS = 10
const WRITES = 500

/** From the writing of a change to its arrival, at 1,000 subscribers and 100 writes per second. */
export async function latency(): Promise<void> {
  const rows: string[][] = []
  for (const over of ['ws', 'sse'] as const) {
    const server = await startServer()
    const writer = await openWriter(server)
    const subscribers = await openSubscribers({ url: server.url, over, count: SOME })
    await writeEvenly(writer, 100)
    await subscribers.received(100 * SOME)
    await subscribers.latencies()
    const cpu = server.cpuMicros()
    await writeEvenly(writer, WRITES)
    await subscribers.received(WRITES * SOME)
    const cpuMicros = (server.cpuMicros() - cpu) / (WRITES * SOME)
    rows.push([over, ...percentiles(await subscribers.latencies()), cpuMicros.toFixed(1)])
    writer.close()
    await subscribers.close()
    await server.stop()
  }
  console.log(`Milliseconds from writing to arriving: ${number(SOME)} subscribers, ${1_000 / PERIOD_MS} writes per second`)
  table(['', 'p50', 'p99', 'longest', 'CPU µs per delivery'], rows)
}

/** At a steady rate, whatever becomes of them. */
async function writeEvenly(writer: Writer, count: number): Promise<void> {
  const begun = performance.now()
  for (let i = 0; i < count; i++) {
    await after(Math.max(0, begun + i * PERIOD_MS - performance.now()))
    writer.post()
  }
}

function percentiles(latencies: readonly number[]): string[] {
  const sorted = Float64Array.from(latencies).sort()
  return [0.5, 0.99, 1].map((part) => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN).toFixed(1))
}

/** What writers lose to 1,000 subscribers of all that they write, when both have been at it for a while. */
export async function writers(): Promise<void> {
  const rows: string[][] = []
  for (const clients of [1, 16, 64]) {
    const server = await startServer()
    const load: Load = { query: POST, variables: { value: { title: 'A post as people write them', likes: 42, t: 0 } }, clients, ms: 3_000 }
    await overWs(server, { ...load, clients: 64 })
    const alone = (): ReturnType<typeof overWs> => overWs(server, load)
    const behind: number[] = []
    const followed = async (): ReturnType<typeof overWs> => {
      const subscribers = await openSubscribers({ url: server.url, over: 'ws', count: SOME })
      await subscribers.received(SOME * ((await overWs(server, { ...load, ms: 300 })).operations ?? NaN))
      const figure = await overWs(server, load)
      const ended = performance.now()
      await subscribers.received(SOME * (figure.operations ?? NaN))
      behind.push((performance.now() - ended) / 1_000)
      await subscribers.close()
      return figure
    }
    const figures = await interleaved({ alone, followed }, 5)
    await server.stop()
    const [without, withThem] = [figures.alone.perSecond, figures.followed.perSecond]
    rows.push([String(clients), number(without), number(withThem), ratio(withThem / without), `${median(behind).toFixed(1)} s`])
  }
  console.log(`Writes per second over ws, with ${number(SOME)} subscribers of all of them and without; how long after 3 s of it all had all`)
  table(['writers', 'without', 'with', 'with / without', 'all had all'], rows)
}

const ROUNDS = 20

/** One change after the other to 10,000 subscribers; gives the milliseconds of each until all had it. */
async function writeInTurn(writer: Writer, subscribers: Subscribers, count: number): Promise<readonly number[]> {
  const times: number[] = []
  for (let i = 0; i < ROUNDS; i++) {
    const begun = performance.now()
    writer.post()
    await subscribers.received(count)
    times.push(performance.now() - begun)
  }
  return times
}

/** One change to 10,000 subscribers, and what each of them takes in memory. */
export async function reach(): Promise<void> {
  const server = await startServer()
  const writer = await openWriter(server)
  const before = server.memoryBytes()
  const subscribers = await openSubscribers({ url: server.url, over: 'ws', count: MANY })
  const idle = server.memoryBytes()
  const times = await writeInTurn(writer, subscribers, MANY)
  const latencies = await subscribers.latencies()
  const busy = server.memoryBytes()
  writer.close()
  await subscribers.close()
  await server.stop()
  console.log(`One change, ${number(MANY)} subscribers over ws`)
  table(['p50 ms', 'p99 ms', 'longest ms', 'ms to reach all', 'per second', 'bytes each', 'after the changes'], [[
    ...percentiles(latencies), median(times).toFixed(0), number(MANY / (median(times) / 1_000)), number((idle - before) / MANY), number((busy - before) / MANY),
  ]])
}

/** Whether 1 % who stop reading slow the others, or make the server grow. */
export async function fairness(): Promise<void> {
  const server = await startServer()
  const writer = await openWriter(server)
  const subscribers = await openSubscribers({ url: server.url, over: 'ws', count: MANY })
  const few = MANY / 100
  const p99: Record<'all' | 'paused', number[]> = { all: [], paused: [] }
  await writeInTurn(writer, subscribers, MANY)
  const grown = { all: 0, paused: 0 }
  const measured = async (which: keyof typeof grown, count: number): Promise<void> => {
    const before = server.memoryBytes()
    await writeInTurn(writer, subscribers, count)
    grown[which] += server.memoryBytes() - before
    p99[which].push(Number(percentiles(await subscribers.latencies())[1]))
  }
  const all = (): Promise<void> => measured('all', MANY)
  const paused = async (): Promise<void> => {
    await subscribers.pause(few)
    await measured('paused', MANY - few)
    await subscribers.resume(few)
    await subscribers.received(few * ROUNDS)
  }
  await subscribers.latencies()
  // Each is the first as often as the other: what one leaves to be cleared away is cleared away in the next.
  for (let round = 0; round < 3; round++) for (const phase of [all, paused, paused, all]) {
    await phase()
    await subscribers.latencies()
  }
  writer.close()
  await subscribers.close()
  await server.stop()
  console.log(`${number(MANY)} subscribers over ws, ${few} of them paused`)
  table(['p99 ms, none paused', 'p99 ms of the others', 'ratio', 'MB grown, none paused', 'MB grown, paused'], [
    [median(p99.all).toFixed(0), median(p99.paused).toFixed(0), ratio(median(p99.paused) / median(p99.all)), (grown.all / 1e6).toFixed(1), (grown.paused / 1e6).toFixed(1)],
  ])
}
