import { expect, test } from 'vitest'
import { BATCH, batchesOf, subscribe, TRANSPORTS, type Address, type Subscriber } from '../support/server/feeds.ts'
import { ask, openServer, type ServerFixture } from '../support/server/fixture.ts'
import { until } from '../support/time/until.ts'

const CLIENTS = 200
const WRITES = 20
const MISSED = 100
const QUERY = `subscription ($after: Cursor) { changes(paths: ["posts"], after: $after, start: BEGINNING) ${BATCH} }`

/** Writes documents `from` to `to`; some together, so that commits have several changes. */
async function write({ endpoint }: ServerFixture, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i += 5) {
    const ops = [0, 1, 2, 3, 4].map((k) => `{ put: { path: "posts/${i + k}", value: ${i + k} } }`)
    const { errors } = await ask(endpoint, `mutation { transact(ops: [${ops.join()}]) { id } }`)
    expect(errors).toBeUndefined()
  }
}

const seen = (subscriber: Subscriber): readonly string[] =>
  batchesOf(subscriber).flatMap(({ changes }) => changes.map(({ path }) => path))

const openAll = (address: Address, afters: readonly (string | null)[]): Promise<Subscriber[]> =>
  Promise.all(
    afters.map((after, i) => subscribe(TRANSPORTS[i % 2] ?? 'ws', address, { query: QUERY, variables: { after } })),
  )

test(`${CLIENTS} clients that come back at once, from anywhere, get what they missed, once and in order`, async () => {
  const server = await openServer()
  await write(server, 0, WRITES)
  const first = await openAll(
    server,
    Array.from({ length: CLIENTS }, () => null),
  )
  await until(() => first.every((each) => seen(each).length === WRITES))
  // A quarter leaves now, a quarter each after 5, 10 and 15 more changes.
  for (let quarter = 0; quarter < 4; quarter++) {
    const leaving = first.filter((_, i) => i % 4 === quarter)
    await until(() => leaving.every((each) => seen(each).length === WRITES + 5 * quarter))
    for (const each of leaving) each.cut()
    await write(server, WRITES + 5 * quarter, WRITES + 5 * (quarter + 1))
  }
  const total = WRITES + 20 + MISSED
  await write(server, WRITES + 20, total)

  const second = await openAll(
    server,
    first.map((each) => batchesOf(each).at(-1)?.cursor ?? null),
  )
  await until(() => second.every((each) => batchesOf(each).at(-1)?.upToDate === true))
  const everything = Array.from({ length: total }, (_, i) => `posts/${i}`)
  first.forEach((each, i) =>
    expect([...seen(each), ...seen(second[i] as Subscriber)], `client ${i}`).toEqual(everything),
  )
  expect(second.every((each) => seen(each).length > MISSED)).toBe(true)
})
