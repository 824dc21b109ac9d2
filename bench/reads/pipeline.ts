import { interleaved, number, ratio, table } from '../figures.ts'
import { overHttp, overWs } from '../load.ts'
import { startProcess, startServer } from '../server.ts'

const CLIENTS = 64
const MS = 2_000

/** What a request costs before the store: a `hello` behind the same HTTP handler, and through Yoga's functions. */
export async function pipeline(): Promise<void> {
  const server = await startServer()
  const hello = await startProcess(['--import', 'tsx', 'bench/reads/hello.ts'])
  const envelop = await startProcess(['--import', 'tsx', 'bench/reads/hello.ts', 'envelop'])
  const yoga = await startProcess(['--import', 'tsx', 'bench/reads/hello.ts', 'yoga'])
  const put = 'mutation { put(path: "posts/one", value: {title: "A post", likes: 1, tags: ["a", "b"]}) { id } }'
  await overHttp(server, { query: put, variables: {}, clients: 1, ms: 100 })
  const read = {
    query: '{ document(path: "posts/one") { id version value } }',
    variables: {},
    clients: CLIENTS,
    ms: MS,
  }
  const same = { ...read, query: '{ document { id version value } }' }
  const greet = { ...read, query: '{ hello }' }
  const figures = await interleaved(
    {
      document: () => overHttp(server, read),
      same: () => overHttp(hello, same),
      hello: () => overHttp(hello, greet),
      envelop: () => overHttp(envelop, greet),
      yoga: () => overHttp(yoga, greet),
      documentWs: () => overWs(server, read),
    },
    5,
  )
  await Promise.all([server.stop(), hello.stop(), envelop.stop(), yoga.stop()])
  console.log(`Reads by id per second (GraphQL, ${CLIENTS} clients)`)
  table(
    ['', 'per second', 'CPU µs'],
    [
      ['document over HTTP', number(figures.document.perSecond), number(figures.document.cpuMicros ?? NaN)],
      ['the same fields, no store', number(figures.same.perSecond), number(figures.same.cpuMicros ?? NaN)],
      ['hello over HTTP, no store', number(figures.hello.perSecond), number(figures.hello.cpuMicros ?? NaN)],
      ["hello through Yoga's envelop", number(figures.envelop.perSecond), number(figures.envelop.cpuMicros ?? NaN)],
      ["hello through Yoga's request handler", number(figures.yoga.perSecond), number(figures.yoga.cpuMicros ?? NaN)],
      ['document over ws', number(figures.documentWs.perSecond), number(figures.documentWs.cpuMicros ?? NaN)],
    ],
  )
  const to = (name: 'envelop' | 'yoga' | 'hello' | 'same'): string =>
    ratio(figures.document.perSecond / figures[name].perSecond)
  console.log(
    `document / hello through the envelop: ${to('envelop')}, through Yoga's handler: ${to('yoga')}, ` +
      `document / hello: ${to('hello')}, document / the same fields: ${to('same')}
`,
  )
}
