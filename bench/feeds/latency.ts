import { setTimeout as after } from 'node:timers/promises'
import { median, number, percentiles, progress, table } from '../figures.ts'
import { startProcess, startServer } from '../server.ts'
import type { Transport } from './client.ts'
import { openSubscribers } from './subscribers.ts'
import { moment, openWriter } from './writer.ts'

const SUBSCRIBERS = 1_000
const PERIOD_MS = 10
const WRITES = { warm: 100, measured: 500 }
const ROUNDS = 5

/** A source of changes. */
interface Source {
  readonly url: string
  /** Makes one change without awaiting it. */
  readonly post: () => void
  /** CPU time used so far, in microseconds. */
  readonly cpuMicros: () => number
  readonly stop: () => Promise<void>
}

async function server(): Promise<Source> {
  const running = await startServer()
  const writer = await openWriter(running)
  const stop = async (): Promise<void> => {
    writer.close()
    await running.stop()
  }
  return { ...running, post: () => writer.post(), stop }
}

async function bare(): Promise<Source> {
  const running = await startProcess(['--import', 'tsx', 'bench/feeds/broadcaster.ts', 'raw'])
  return { ...running, post: () => running.writeLine(`1 ${moment()}`) }
}

const SETUPS: Readonly<Record<string, readonly [over: Transport, open: () => Promise<Source>]>> = {
  ws: ['ws', server],
  'bare ws': ['raw-ws', bare],
  SSE: ['sse', server],
  'bare node:http': ['raw-sse', bare],
}

/** Latency from the write of a change to its arrival; of the bare servers, from the command to send it. */
export async function latency(): Promise<void> {
  const seen = new Map(Object.keys(SETUPS).map((name): [string, number[][]] => [name, []]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, setup] of Object.entries(SETUPS)) {
      progress(`round ${round + 1}/${ROUNDS}: ${name}`)
      seen.get(name)?.push(await measured(...setup))
    }
  }
  progress('')
  console.log(
    `Milliseconds from writing to arriving: ${number(SUBSCRIBERS)} subscribers, ${1_000 / PERIOD_MS} ` +
      `writes per second; medians of ${ROUNDS} rounds`,
  )
  table(
    ['', 'p50', 'p99', 'longest', 'CPU µs per delivery'],
    [...seen].map(([name, rounds]) => [
      name,
      ...[0, 1, 2, 3].map((column) => median(rounds.map((figures) => figures[column] ?? NaN)).toFixed(1)),
    ]),
  )
}

/** Percentiles of the latency in milliseconds, and CPU time per delivery in microseconds. */
async function measured(over: Transport, open: () => Promise<Source>): Promise<number[]> {
  const source = await open()
  const subscribers = await openSubscribers({ url: source.url, over, count: SUBSCRIBERS })
  await postEvenly(source, WRITES.warm)
  await subscribers.received(WRITES.warm * SUBSCRIBERS)
  await subscribers.latencies()
  const cpu = source.cpuMicros()
  await postEvenly(source, WRITES.measured)
  await subscribers.received(WRITES.measured * SUBSCRIBERS)
  const cpuMicros = (source.cpuMicros() - cpu) / (WRITES.measured * SUBSCRIBERS)
  const figures = [...percentiles(await subscribers.latencies(), [0.5, 0.99, 1]), cpuMicros]
  await subscribers.close()
  await source.stop()
  return figures
}

/** Posts at a fixed rate, without awaiting results. */
async function postEvenly(source: Source, count: number): Promise<void> {
  const begun = performance.now()
  for (let i = 0; i < count; i++) {
    await after(Math.max(0, begun + i * PERIOD_MS - performance.now()))
    source.post()
  }
}
