import { appendsPerSecond, directPerSecond, storePerSecond } from './disk.ts'
import { interleaved, number, ratio, table, type Figure } from './figures.ts'
import { overHttp, overWs, type Load } from './load.ts'
import { startServer, type BenchServer } from './server.ts'

const VALUE = {
  title: 'A post as people write them',
  author: 'ada',
  tags: ['tide', 'mark'],
  likes: 42,
  body: 'x'.repeat(120),
}
const QUERY = 'mutation ($value: JSON) { post(path: "posts", value: $value) { id cursor document { path version } } }'
const INCREMENT =
  'mutation ($path: Path!, $by: JSON!) ' +
  '{ patch(path: $path, patch: { operators: $by }) { id cursor document { path version } } }'
const BY_ONE = { n: { $inc: 1 } }
const ROUNDS = 3
const MS = 2_000

/** Durable posts through GraphQL, compared with the same batches written directly to lmdb and with flushed appends. */
export async function writes(): Promise<void> {
  const server = await startServer()
  const rows: string[][] = []
  const load = (clients: number, ms = MS): Load => ({ query: QUERY, variables: { value: VALUE }, clients, ms })
  await overHttp(server, load(64))
  await overWs(server, load(64))
  for (const clients of [1, 16, 64, 256]) {
    const figures = await interleaved(
      {
        http: () => overHttp(server, load(clients)),
        ws: () => overWs(server, load(clients)),
        direct: () => directPerSecond(VALUE, clients, MS / 2),
        store: () => storePerSecond(VALUE, clients, MS / 2),
        disk: () => appendsPerSecond(MS / 2),
      },
      ROUNDS,
    )
    rows.push(rowOf(clients, figures))
  }
  await server.stop()
  console.log('Durable posts per second (GraphQL, one document each, 300 bytes)')
  table(
    [
      'writers',
      'HTTP',
      'ws',
      'lmdb',
      'store',
      'append',
      'HTTP/lmdb',
      'ws/lmdb',
      'ws/store',
      'HTTP/append',
      'ws/append',
      'µs HTTP',
      'µs ws',
    ],
    rows,
  )
}

/** Durable increments of one counter by 64 writers, compared with their posts. */
export async function counters(): Promise<void> {
  const server = await startServer()
  const posts: Load = { query: QUERY, variables: { value: VALUE }, clients: 64, ms: MS }
  await overHttp(server, posts)
  const row = await counterRow(server, posts)
  await server.stop()
  console.log('Increments of one counter ($inc) beside posts, per second; the sum is exact')
  table(
    ['writers', 'HTTP post', 'HTTP $inc', 'ws post', 'ws $inc', 'HTTP $inc/post', 'ws $inc/post', 'µs post', 'µs $inc'],
    [row],
  )
}

/**
 * Durable increments of one counter by as many clients, compared with their posts. Over WebSockets every answer is
 * waited for, so the counter must be exactly the number of them.
 */
async function counterRow(server: BenchServer, posts: Load): Promise<string[]> {
  const counter = (id: string): Load => ({
    ...posts,
    query: INCREMENT,
    variables: { path: `counters/${id}`, by: BY_ONE },
  })
  for (const id of ['http', 'ws']) await ask(server, `mutation { put(path: "counters/${id}", value: { n: 0 }) { id } }`)
  let increments = 0
  const overSockets = async (): Promise<Figure> => {
    const figure = await overWs(server, counter('ws'))
    increments += figure.operations ?? NaN
    return figure
  }
  const { http, ws, httpInc, wsInc } = await interleaved(
    {
      http: () => overHttp(server, posts),
      httpInc: () => overHttp(server, counter('http')),
      ws: () => overWs(server, posts),
      wsInc: overSockets,
    },
    ROUNDS,
  )
  const sum = await ask(server, '{ get(path: "counters/ws/n") }')
  if ((sum as { readonly get: number }).get !== increments) {
    throw new Error(`The counter is ${JSON.stringify(sum)} after ${increments} increments.`)
  }
  return [
    String(posts.clients),
    ...[http, httpInc, ws, wsInc].map(({ perSecond }) => number(perSecond)),
    ratio(httpInc.perSecond / http.perSecond),
    ratio(wsInc.perSecond / ws.perSecond),
    number(ws.cpuMicros ?? NaN),
    number(wsInc.cpuMicros ?? NaN),
  ]
}

async function ask({ url }: BenchServer, query: string): Promise<unknown> {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) })
  return ((await answer.json()) as { readonly data: unknown }).data
}

function rowOf(
  clients: number,
  { http, ws, direct, store, disk }: Record<'http' | 'ws' | 'direct' | 'store' | 'disk', Figure>,
): string[] {
  return [
    String(clients),
    ...[http, ws, direct, store, disk].map(({ perSecond }) => number(perSecond)),
    ratio(http.perSecond / direct.perSecond),
    ratio(ws.perSecond / direct.perSecond),
    ratio(ws.perSecond / store.perSecond),
    ratio(http.perSecond / disk.perSecond),
    ratio(ws.perSecond / disk.perSecond),
    number(http.cpuMicros ?? NaN),
    number(ws.cpuMicros ?? NaN),
  ]
}
