import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { median, number, percentiles, progress, ratio, table } from '../figures.ts'
import { overWs, type Load } from '../load.ts'
import { startServer, type BenchServer } from '../server.ts'
import { FOLLOW, openSubscribers, type Subscribers } from './subscribers.ts'
import { openWriter, POST } from './writer.ts'

/** A text of a compiled file, and what stands there when the mechanism is off. */
interface Edit {
  readonly file: string
  readonly on: string
  readonly off: string
}

const FLUSH_SCHEDULER = 'server/broadcast/flush-scheduler.js'
const BROADCAST_PACER = 'db/feed/cohort/broadcast-pacer.js'

/** The mechanisms of docs/adr/0006-one-delivery-for-many.md, each with the edits that turn it off. */
const MECHANISMS: Readonly<Record<string, readonly Edit[]>> = {
  'nothing, for the noise': [],
  'waiting for all readers': [{ file: BROADCAST_PACER, on: 'return count >= this.#size', off: 'return true' }],
  'share of a cohort under load': [{ file: BROADCAST_PACER, on: '(1 / this.#share() - 1)', off: '0' }],
  'share of the scheduler under load': [{ file: FLUSH_SCHEDULER, on: '[this.#share(), ', off: '[1, ' }],
  'short turns': [{ file: 'core/limits.js', on: 'BROADCAST_TURN_MS = 0.3', off: 'BROADCAST_TURN_MS = 5' }],
  'fair lanes': [{ file: FLUSH_SCHEDULER, on: 'this.#queue.rotate()', off: 'void 0' }],
  coalescer: [
    {
      file: 'server/broadcast/buffer-coalescer.js',
      on: 'if (first === undefined ||',
      off: 'return pieces.map((piece) => isBuffer(piece) ? piece : piece.toBuffer());if (first === undefined ||',
    },
  ],
  'cached frames': [
    {
      file: 'server/broadcast/payload.js',
      on: 'const cached = this.#frames.get(opening.id)',
      off: 'const cached = undefined',
    },
  ],
  'batch cache': [
    {
      file: 'db/feed/cohort/batch-cache.js',
      on: 'return this.#byOwner.get(owner)?.get(key)?.step',
      off: 'return undefined',
    },
  ],
  'payloads shared by a cohort': [
    {
      file: 'server/broadcast/payload-cache.js',
      on: 'const selection = this.#selection(args)',
      off: 'const selection = null',
    },
    { file: 'server/broadcast/payload-cache.js', on: 'return isWeakKey(event) ?', off: 'return false ?' },
    {
      file: 'server/broadcast/payload-cache.js',
      on: 'isWeakKey(event) ? this.#payloads',
      off: 'false ? this.#payloads',
    },
  ],
}

const SUBSCRIBERS = 1_000
const ROUNDS = 5
const WRITERS = [1, 16, 64] as const
/** A variant that is further behind after its writers is too slow to be measured, ms. */
const MOST_LAG_MS = 20_000
const OTHER = FOLLOW.replace('"posts"', '"other"')

/** What a variant is measured by. */
interface Measured {
  /** Writes per second beside the subscribers, by the number of writers, and how long after them all had all, s. */
  readonly rates: readonly number[]
  readonly lags: readonly number[]
  /** Percentiles of write to arrival at 100 writes per second, ms. */
  readonly p50: number
  readonly p99: number
  /** p50 of a reader alone on its path, beside 64 writers, ms. */
  readonly lone: number
  /** Server's CPU time for each delivery at 100 writes per second, µs. */
  readonly cpuMicros: number
}

/** What each mechanism of the broadcast buys: the server without it, compared with the whole one, in turn. */
export async function ablation(): Promise<void> {
  const roots = Object.entries(MECHANISMS).map(([name, edits]) => [name, copyWithout(name, edits)] as const)
  const seen = new Map<string, Measured[]>([['all', []], ...roots.map(([name]): [string, Measured[]] => [name, []])])
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, root] of [['all', '.'] as const, ...roots]) {
      progress(`round ${round + 1}/${ROUNDS}: without ${name}`)
      await measure(root).then(
        (measured) => seen.get(name)?.push(measured),
        (error: unknown) => console.error(name, String(error)),
      )
    }
  }
  progress('')
  rmSync(CACHE, { recursive: true })
  const all = medians(seen.get('all') ?? [])
  console.log(
    `Without one mechanism, to the whole server; ${number(SUBSCRIBERS)} subscribers over ws; medians of ` +
      `${ROUNDS} rounds`,
  )
  const relative = (name: string): string[] => {
    const figures = medians(seen.get(name) ?? [])
    return [name, ...figures.map((figure, i) => ratio(figure / (all[i] ?? NaN)))]
  }
  table(HEAD, [['all (absolute)', ...all.map((figure) => figure.toFixed(1))], ...roots.map(([name]) => relative(name))])
}

const HEAD = [
  'without',
  ...WRITERS.map((count) => `${count} writers/s`),
  ...WRITERS.map((count) => `lag ${count}, s`),
  'p50 ms',
  'p99 ms',
  'lone p50 ms',
  'CPU µs',
]

function medians(rounds: readonly Measured[]): readonly number[] {
  const flat = rounds.map(({ rates, lags, p50, p99, lone, cpuMicros }) => [
    ...rates,
    ...lags,
    p50,
    p99,
    lone,
    cpuMicros,
  ])
  return (flat[0] ?? []).map((_, column) => median(flat.map((figures) => figures[column] ?? NaN)))
}

const CACHE = '.cache/ablation'

/** A copy of the compiled package with a mechanism off; its packages are found in the directories above. */
function copyWithout(name: string, edits: readonly Edit[]): string {
  const root = join(CACHE, name.replaceAll(/\W+/g, '-'))
  rmSync(root, { recursive: true, force: true })
  mkdirSync(root, { recursive: true })
  for (const entry of ['bin', 'dist', 'package.json']) cpSync(entry, join(root, entry), { recursive: true })
  for (const { file, on, off } of edits) {
    const path = join(root, 'dist', file)
    const text = readFileSync(path, 'utf8')
    if (!text.includes(on)) throw new Error(`The text "${on}" is not in ${file}: say anew how ${name} is turned off.`)
    writeFileSync(path, text.replace(on, off))
  }
  return root
}

async function measure(root: string): Promise<Measured> {
  const server = await startServer(root)
  try {
    await overWs(server, load(64, 1_000))
    const subscribers = await openSubscribers({ url: server.url, over: 'ws', count: SUBSCRIBERS })
    try {
      return await measureWith(server, subscribers)
    } finally {
      await subscribers.close()
    }
  } finally {
    await server.stop()
  }
}

async function measureWith(server: BenchServer, subscribers: Subscribers): Promise<Measured> {
  const [rates, lags]: [number[], number[]] = [[], []]
  for (const clients of WRITERS) {
    await settle(subscribers, await overWs(server, load(clients, 200)))
    const figure = await overWs(server, load(clients, 1_500))
    rates.push(figure.perSecond)
    lags.push(await settle(subscribers, figure))
  }
  await subscribers.latencies()
  const even = await evenly(server, subscribers)
  const lone = await loneReader(server, subscribers)
  return { rates, lags, ...even, lone }
}

function load(clients: number, ms: number): Load {
  return { query: POST, variables: { value: { title: 'A post as people write them', likes: 42, t: 0 } }, clients, ms }
}

/** Seconds until all subscribers have all writes. */
async function settle(
  subscribers: Subscribers,
  { operations = NaN }: { operations?: number | undefined },
): Promise<number> {
  const begun = performance.now()
  const isAll = await Promise.race([
    subscribers.received(SUBSCRIBERS * operations).then(() => true),
    after(MOST_LAG_MS),
  ])
  if (isAll !== true) throw new Error(`After ${MOST_LAG_MS / 1_000} s, not all subscribers had all.`)
  return (performance.now() - begun) / 1_000
}

/** One write every 10 ms. */
async function evenly(
  server: BenchServer,
  subscribers: Subscribers,
): Promise<Pick<Measured, 'p50' | 'p99' | 'cpuMicros'>> {
  const writer = await openWriter(server)
  const writes = 150
  const cpu = server.cpuMicros()
  const begun = performance.now()
  for (let i = 0; i < writes; i++) {
    await after(Math.max(0, begun + i * 10 - performance.now()))
    writer.post()
  }
  await subscribers.received(writes * SUBSCRIBERS)
  const cpuMicros = (server.cpuMicros() - cpu) / (writes * SUBSCRIBERS)
  writer.close()
  const [p50 = NaN, p99 = NaN] = percentiles(await subscribers.latencies(), [0.5, 0.99])
  return { p50, p99, cpuMicros }
}

/** The median latency of a reader of another path, beside 64 writers of the path that all others read. */
async function loneReader(server: BenchServer, subscribers: Subscribers): Promise<number> {
  const lone = await openSubscribers({ url: server.url, over: 'ws', count: 1, query: OTHER })
  const writer = await openWriter(server, 'other')
  const busy = overWs(server, load(64, 1_500))
  const writes = 20
  for (let i = 0; i < writes; i++) {
    await after(60)
    writer.post()
  }
  await lone.received(writes)
  const [p50 = NaN] = percentiles(await lone.latencies(), [0.5])
  writer.close()
  await settle(subscribers, await busy)
  await lone.close()
  return p50
}
