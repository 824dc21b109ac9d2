import { appendsPerSecond, directPerSecond, storePerSecond } from './disk.ts'
import { interleaved, number, ratio, table, type Figure } from './figures.ts'
import { overHttp, overWs, type Load } from './load.ts'
import { startServer } from './server.ts'

const VALUE = {
  title: 'A post as people write them',
  author: 'ada',
  tags: ['tide', 'mark'],
  likes: 42,
  body: 'x'.repeat(120),
}
const QUERY = 'mutation ($value: JSON) { post(path: "posts", value: $value) { id cursor document { path version } } }'
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
