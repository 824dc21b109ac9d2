import { interleaved, number, ratio, table } from './figures.ts'
import { overHttp } from './load.ts'
import { startServer } from './server.ts'

const QUERY = 'mutation ($ops: [Op!]!) { transact(ops: $ops) { id cursor } }'
const DOCUMENTS = 100

/** Documents per second in transactions of 100, compared with single posts. */
export async function transact(): Promise<void> {
  const server = await startServer()
  const post = { path: 'posts', value: { title: 'A post', likes: 1, body: 'x'.repeat(80) } }
  const ops = Array.from({ length: DOCUMENTS }, () => ({ post }))
  const run = (count: number) => () =>
    overHttp(server, { query: QUERY, variables: { ops: ops.slice(0, count) }, clients: 8, ms: 2_000 })
  await run(DOCUMENTS)()
  const { hundred, single } = await interleaved({ hundred: run(DOCUMENTS), single: run(1) }, 3)
  await server.stop()
  const documents = hundred.perSecond * DOCUMENTS
  console.log('Durable documents per second in transactions of 100 (8 clients, HTTP)')
  table(
    ['of 100', 'of 1', 'of 100 / of 1', 'µs per document'],
    [
      [
        number(documents),
        number(single.perSecond),
        ratio(documents / single.perSecond),
        number((hundred.cpuMicros ?? NaN) / DOCUMENTS),
      ],
    ],
  )
}
