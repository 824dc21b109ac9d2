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
const NO_QUORUM: Edit = { file: BROADCAST_PACER, on: 'return count >= this.#size', off: 'return true' }
const NO_SHARE: Edit = { file: BROADCAST_PACER, on: '(1 / this.#share() - 1)', off: '0' }

/** The mechanisms of docs/adr/0006-one-delivery-for-many.md, each with the edits that turn it off. */
const MECHANISMS: Readonly<Record<string, readonly Edit[]>> = {
  'nothing, for the noise': [],
  'waiting for all readers': [NO_QUORUM],
  'share of a cohort under load': [NO_SHARE],
  'either of both': [NO_QUORUM, NO_SHARE],
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

interface Crowd {
  readonly subscribers: number
  readonly rounds: number
  /** Numbers of writers at full speed. */
  readonly writers: readonly number[]
  /** Interval of the even writes, ms, and their number. */
  readonly everyMs: number
  readonly writes: number
}

/** Ten thousand are too many for more than one writer: after 20 s, none of the variants had all at all of them. */
const CROWDS: readonly Crowd[] = [
  { subscribers: 1_000, rounds: 5, writers: [1, 16, 64], everyMs: 10, writes: 150 },
  { subscribers: 10_000, rounds: 3, writers: [1], everyMs: 50, writes: 60 },
]
/** A variant that is further behind after its writers is too slow to be measured, ms. */
const MOST_LAG_MS = 20_000
const OTHER = FOLLOW.replace('"posts"', '"other"')

/** What a variant is measured by. */
interface Measured {
  /** Writes per second beside the subscribers, by the number of writers, and how long after them all had all, s. */
  readonly rates: readonly number[]
  readonly lags: readonly number[]
  /** Percentiles of write to arrival of even writes, ms. */
  readonly p50: number
  readonly p99: number
  /** p50 of a reader alone on its path, beside the most writers, ms. */
  readonly lone: number
  /** Server's CPU time for each delivery of even writes, µs. */
  readonly cpuMicros: number
}

/** What each mechanism of the broadcast buys: the server without it, compared with the whole one, in turn. */
export async function ablation(): Promise<void> {
  const roots = Object.entries(MECHANISMS).map(([name, edits]) => [name, copyWithout(name, edits)] as const)
  for (const crowd of CROWDS) await compare(roots, crowd)
  rmSync(CACHE, { recursive: true })
}

/** The directories of the variants, each with the name of what is off. */
type Variants = readonly (readonly [name: string, root: string])[]

async function compare(roots: Variants, crowd: Crowd): Promise<void> {
  const { subscribers, rounds, writers } = crowd
  const seen = new Map<string, Measured[]>([['all', []], ...roots.map(([name]): [string, Measured[]] => [name, []])])
  for (let round = 0; round < rounds; round++) {
    for (const [name, root] of [['all', '.'] as const, ...roots]) {
      progress(`round ${round + 1}/${rounds}: without ${name}`)
      await measure(root, crowd).then(
        (measured) => seen.get(name)?.push(measured),
        (error: unknown) => console.error(name, String(error)),
      )
    }
  }
  progress('')
  const all = medians(seen.get('all') ?? [])
  console.log(
    `Without one mechanism, to the whole server; ${number(subscribers)} subscribers over ws; medians of ` +
      `${rounds} rounds`,
  )
  const relative = (name: string): string[] => {
    const figures = medians(seen.get(name) ?? [])
    return [name, ...figures.map((figure, i) => ratio(figure / (all[i] ?? NaN)))]
  }
  table(head(writers), [
    ['all (absolute)', ...all.map((figure) => figure.toFixed(1))],
    ...roots.map(([name]) => relative(name)),
  ])
}

function head(writers: readonly number[]): string[] {
  return [
    'without',
    ...writers.map((count) => `${count} writers/s`),
    ...writers.map((count) => `lag ${count}, s`),
    'p50 ms',
    'p99 ms',
    'lone p50 ms',
    'CPU µs',
  ]
}

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

async function measure(root: string, crowd: Crowd): Promise<Measured> {
  const server = await startServer(root)
  try {
    await overWs(server, load(8, 1_000))
    const subscribers = await openSubscribers({ url: server.url, over: 'ws', count: crowd.subscribers })
    try {
      return await measureWith(server, subscribers, crowd)
    } finally {
      await subscribers.close()
    }
  } finally {
    await server.stop()
  }
}

async function measureWith(server: BenchServer, subscribers: Subscribers, crowd: Crowd): Promise<Measured> {
  const [rates, lags]: [number[], number[]] = [[], []]
  for (const clients of crowd.writers) {
    const figure = await overWs(server, load(clients, 1_500))
    rates.push(figure.perSecond)
    lags.push(await settle(subscribers, crowd, figure))
  }
  await subscribers.latencies()
  const even = await evenly(server, subscribers, crowd)
  const lone = await loneReader(server, subscribers, crowd)
  return { rates, lags, ...even, lone }
}

function load(clients: number, ms: number): Load {
  return { query: POST, variables: { value: { title: 'A post as people write them', likes: 42, t: 0 } }, clients, ms }
}

/** Seconds until all subscribers have all writes. */
async function settle(
  subscribers: Subscribers,
  crowd: Crowd,
  { operations = NaN }: { operations?: number | undefined },
): Promise<number> {
  const begun = performance.now()
  const isAll = await Promise.race([
    subscribers.received(crowd.subscribers * operations).then(() => true),
    after(MOST_LAG_MS),
  ])
  if (isAll !== true) throw new Error(`After ${MOST_LAG_MS / 1_000} s, not all subscribers had all.`)
  return (performance.now() - begun) / 1_000
}

async function evenly(
  server: BenchServer,
  subscribers: Subscribers,
  { subscribers: count, everyMs, writes }: Crowd,
): Promise<Pick<Measured, 'p50' | 'p99' | 'cpuMicros'>> {
  const writer = await openWriter(server)
  const cpu = server.cpuMicros()
  const begun = performance.now()
  for (let i = 0; i < writes; i++) {
    await after(Math.max(0, begun + i * everyMs - performance.now()))
    writer.post()
  }
  await subscribers.received(writes * count)
  const cpuMicros = (server.cpuMicros() - cpu) / (writes * count)
  writer.close()
  const [p50 = NaN, p99 = NaN] = percentiles(await subscribers.latencies(), [0.5, 0.99])
  return { p50, p99, cpuMicros }
}

/** The median latency of a reader of another path, beside the most writers of the path that all others read. */
async function loneReader(server: BenchServer, subscribers: Subscribers, crowd: Crowd): Promise<number> {
  const lone = await openSubscribers({ url: server.url, over: 'ws', count: 1, query: OTHER })
  const writer = await openWriter(server, 'other')
  const busy = overWs(server, load(Math.max(...crowd.writers), 1_500))
  const writes = 20
  for (let i = 0; i < writes; i++) {
    await after(60)
    writer.post()
  }
  await lone.received(writes)
  const [p50 = NaN] = percentiles(await lone.latencies(), [0.5])
  writer.close()
  await settle(subscribers, crowd, await busy)
  await lone.close()
  return p50
}
