import { interleaved, median, number, percentiles, progress, ratio, table } from '../figures.ts'
import { overWs, type Load } from '../load.ts'
import { startServer } from '../server.ts'
import { openSubscribers, type Subscribers } from './subscribers.ts'
import { moment, openWriter, POST, type Writer } from './writer.ts'

const MANY = 10_000
const SOME = 1_000

/** Write throughput with and without 1,000 subscribers of all writes, after a warm-up. */
export async function writers(): Promise<void> {
  const rows: string[][] = []
  for (const clients of [1, 16, 64]) {
    const server = await startServer()
    const load: Load = {
      query: POST,
      variables: { value: { title: 'A post as people write them', likes: 42, t: 0 } },
      clients,
      ms: 3_000,
    }
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
    rows.push([
      String(clients),
      number(without),
      number(withThem),
      ratio(withThem / without),
      `${median(behind).toFixed(1)} s`,
    ])
  }
  console.log(
    `Writes per second over ws, with ${number(SOME)} subscribers of all of them and without; how long ` +
      'after 3 s of it all had all',
  )
  table(['writers', 'without', 'with', 'with / without', 'all had all'], rows)
}

const LIVE =
  'subscription { live(paths: ["posts"]) { cursor upToDate changes { type path document { version value } } } }'
const PUT = 'mutation ($path: Path!, $value: JSON) { put(path: $path, value: $value) { id } }'

/** How far 1,000 `live` readers are behind 16 writers at full speed, who write 100 documents. */
export async function liveReaders(): Promise<void> {
  const server = await startServer()
  const load = {
    query: PUT,
    variables: () => ({
      path: `posts/${Math.floor(Math.random() * 100)}`,
      value: { title: 'A post as people write them', likes: 42, t: moment() },
    }),
    clients: 16,
    ms: 3_000,
  }
  await overWs(server, load)
  const alone = await overWs(server, load)
  const subscribers = await openSubscribers({ url: server.url, over: 'ws', count: SOME, query: LIVE })
  await overWs(server, { ...load, ms: 300 })
  await subscribers.latencies()
  const beside = await overWs(server, load)
  const latencies = await subscribers.latencies()
  await subscribers.close()
  await server.stop()
  console.log(`${number(SOME)} live readers of 100 documents over ws, which 16 writers write as fast as they can`)
  table(
    ['writes/s', 'without readers', 'p50 ms', 'p99 ms', 'longest ms', 'of the writes, each got'],
    [
      [
        number(beside.perSecond),
        number(alone.perSecond),
        ...percentiles(latencies, [0.5, 0.99, 1]).map((ms) => ms.toFixed(0)),
        ratio(latencies.length / SOME / (beside.operations ?? NaN)),
      ],
    ],
  )
}

/** Writes one change after the other; returns the milliseconds of each until `receivers` subscribers had it. */
async function writeInTurn(
  writer: Writer,
  subscribers: Subscribers,
  { changes, receivers }: { readonly changes: number; readonly receivers: number },
): Promise<readonly number[]> {
  const times: number[] = []
  for (let i = 0; i < changes; i++) {
    const begun = performance.now()
    writer.post()
    await subscribers.received(receivers)
    times.push(performance.now() - begun)
  }
  return times
}

/** Latency of one change to 10,000 subscribers, and memory per subscriber. */
export async function reach(): Promise<void> {
  const server = await startServer()
  const writer = await openWriter(server)
  const before = server.memoryBytes()
  const subscribers = await openSubscribers({ url: server.url, over: 'ws', count: MANY })
  const idle = server.memoryBytes()
  const times = await writeInTurn(writer, subscribers, { changes: 20, receivers: MANY })
  const latencies = percentiles(await subscribers.latencies(), [0.5, 0.99, 1])
  const busy = server.memoryBytes()
  writer.close()
  await subscribers.close()
  await server.stop()
  console.log(`One change, ${number(MANY)} subscribers over ws`)
  table(
    ['p50 ms', 'p99 ms', 'longest ms', 'ms to reach all', 'per second', 'bytes each', 'after the changes'],
    [
      [
        ...latencies.map((ms) => ms.toFixed(1)),
        median(times).toFixed(0),
        number(MANY / (median(times) / 1_000)),
        number((idle - before) / MANY),
        number((busy - before) / MANY),
      ],
    ],
  )
}

/** Rounds, each of two phases of each kind, and the changes of one phase. */
const PHASES = { rounds: 12, changes: 5 }

/** Whether 1 % of the subscribers that stop reading slow the others, or make the server's memory grow. */
export async function fairness(): Promise<void> {
  const server = await startServer()
  const writer = await openWriter(server)
  const subscribers = await openSubscribers({ url: server.url, over: 'ws', count: MANY })
  const pausedCount = MANY / 100
  const p99: Record<'all' | 'paused', number[]> = { all: [], paused: [] }
  const grown = { all: 0, paused: 0 }
  const { changes } = PHASES
  const measured = async (which: keyof typeof grown, receivers: number): Promise<void> => {
    const before = server.memoryBytes()
    await writeInTurn(writer, subscribers, { changes, receivers })
    grown[which] += server.memoryBytes() - before
    p99[which].push(...percentiles(await subscribers.latencies(), [0.99]))
  }
  const all = (): Promise<void> => measured('all', MANY)
  const paused = async (): Promise<void> => {
    await subscribers.pause(pausedCount)
    await measured('paused', MANY - pausedCount)
    await subscribers.resume(pausedCount)
    await subscribers.received(pausedCount * changes)
  }
  await writeInTurn(writer, subscribers, { changes: 4 * changes, receivers: MANY })
  await subscribers.latencies()
  // Each kind precedes the other equally often: garbage of one phase is collected in the next.
  for (let round = 0; round < PHASES.rounds; round++) {
    for (const phase of [all, paused, paused, all]) {
      progress(`round ${round + 1}/${PHASES.rounds}`)
      await phase()
      await subscribers.latencies()
    }
  }
  progress('')
  writer.close()
  await subscribers.close()
  await server.stop()
  console.log(
    `${number(MANY)} subscribers over ws, ${pausedCount} of them paused; medians of ${2 * PHASES.rounds} ` +
      `times ${changes} changes each`,
  )
  table(
    ['p99 ms, none paused', 'p99 ms of the others', 'ratio', 'MB grown, none paused', 'MB grown, paused'],
    [
      [
        median(p99.all).toFixed(0),
        median(p99.paused).toFixed(0),
        ratio(median(p99.paused) / median(p99.all)),
        (grown.all / 1e6).toFixed(1),
        (grown.paused / 1e6).toFixed(1),
      ],
    ],
  )
}
