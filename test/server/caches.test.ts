import { describe, expect, test } from 'vitest'
import { apolloClient, graphcacheClient, relayClient, type CachingClient } from '../support/clients/caching-clients.ts'
import { ask, openServer, type ServerFixture } from '../support/server/fixture.ts'
import { until } from '../support/time/until.ts'

const FIELDS = 'id version value'

interface Stage {
  readonly client: CachingClient
  /** What a client without a cache reads. */
  readonly fresh: (query: string) => Promise<unknown>
  readonly write: (...mutations: readonly string[]) => Promise<void>
}

/** Without the names of types, which these clients ask for beside what they were told. */
function plain(data: unknown): unknown {
  return JSON.parse(JSON.stringify(data ?? null, (key, value: unknown) => (key === '__typename' ? undefined : value)))
}

async function stage(open: (server: ServerFixture) => CachingClient): Promise<Stage> {
  const server = await openServer()
  const fresh = async (query: string): Promise<unknown> => {
    const { data, errors } = await ask(server.endpoint, query)
    expect(errors).toBeUndefined()
    return data
  }
  const write = async (...mutations: readonly string[]): Promise<void> => {
    for (const mutation of mutations) await fresh(`mutation { ${mutation} { cursor } }`)
  }
  return { client: open(server), fresh, write }
}

/** What the cache shows becomes what the server has. */
async function expectFresh({ fresh }: Stage, query: string, shown: () => unknown): Promise<void> {
  const expected = await fresh(query)
  await until(() => expect(plain(shown())).toEqual(expected))
}

describe.each([
  ["Apollo's InMemoryCache", apolloClient],
  ["urql's Graphcache", graphcacheClient],
  ["Relay's store", relayClient],
])('%s shows what a client without a cache reads', (_, open) => {
  test('of two documents with equal last segments, also as of a moment and beside their history', async () => {
    const it = await stage(open)
    await it.write(
      'put(path: "authors/1", value: "Ada")',
      'put(path: "books/1", value: "Notes")',
      'put(path: "books/1", value: "Sketch")',
    )
    const queries = [
      `query Author { document(path: "authors/1") { ${FIELDS} } }`,
      `query Book { document(path: "books/1") { ${FIELDS} } }`,
      `query Both { a: document(path: "authors/1") { ${FIELDS} } b: document(path: "books/1") { ${FIELDS} } }`,
      `query Then { document(path: "books/1", asOf: { version: 1 }) { ${FIELDS} history { nodes { ${FIELDS} } } } }`,
    ]
    const shown = await Promise.all(queries.map((query) => it.client.watch(query)))
    for (const [i, query] of queries.entries()) await expectFresh(it, query, shown[i] ?? expect.fail())
  })

  test('of three versions, a deleted one among them, beside the present', async () => {
    const it = await stage(open)
    await it.write(
      'put(path: "posts/1", value: "one")',
      'put(path: "posts/1", value: "two")',
      'delete(path: "posts/1")',
    )
    const past = [
      `query History { history(path: "posts/1") { nodes { ${FIELDS} deleted } } }`,
      `query Log { log(paths: ["posts"]) { changes { type document { ${FIELDS} deleted } } } }`,
    ]
    const expected = await Promise.all(past.map(it.fresh))
    expect(expected[0]).toMatchObject({
      history: { nodes: [{ value: 'one' }, { value: 'two' }, { value: null, deleted: true }] },
    })
    const shown = await Promise.all(past.map((query) => it.client.watch(query)))
    await it.write('put(path: "posts/1", value: "four")')
    const present = `query Present { document(path: "posts/1") { ${FIELDS} deleted } }`
    await expectFresh(it, present, await it.client.watch(present))
    expect(shown.map((each) => plain(each()))).toEqual(expected)
  })

  test('of a list that a live feed keeps current, and leaves the past alone', async () => {
    const it = await stage(open)
    await it.write(
      'put(path: "posts/1", value: { n: 1, comments: [] })',
      'put(path: "posts/2", value: 1)',
      'post(path: "posts/1/comments", id: "1", value: "a")',
    )
    const list =
      `query List { documents(path: "posts") { nodes { ${FIELDS} documents(name: "comments") { nodes { ` +
      `${FIELDS} } } } } }`
    const past = `query Past { history(path: "posts/1") { nodes { ${FIELDS} } } }`
    const [now, then] = [await it.client.watch(list), await it.client.watch(past)]
    const before = plain(then())
    await it.client.subscribe(
      `subscription Live { live(paths: ["posts"]) { upToDate changes { type document { ${FIELDS} } } } }`,
    )
    await it.write(
      'put(path: "posts/1/n", value: 2)',
      'put(path: "posts/1/comments/1", value: "b")',
      'put(path: "posts/2", value: 3)',
    )
    await expectFresh(it, list, now)
    expect(plain(then())).toEqual(before)
  })

  test('of a list while feeds show parts of its documents', async () => {
    const it = await stage(open)
    await it.write(
      'put(path: "posts/1", value: { title: "A", open: true })',
      'put(path: "posts/2", value: { title: "B", open: true })',
    )
    const list = `query List { documents(path: "posts") { nodes { ${FIELDS} } } }`
    const shown = await it.client.watch(list)
    const feeds = await Promise.all(
      [
        `live(paths: ["posts"], where: "value.open")`,
        `live(paths: ["posts"], columns: ["title"])`,
        `changes(paths: ["posts"], columns: ["title"], start: BEGINNING)`,
      ].map((feed) =>
        it.client.subscribe(`subscription Feed { ${feed} { cursor changes { reason document { ${FIELDS} } } } }`),
      ),
    )
    await expectFresh(it, list, shown)
    const before = plain(shown())
    await it.write(
      'put(path: "posts/2", value: { title: "B", open: false })',
      'post(path: "posts", id: "3", value: { title: "C", open: true }, ephemeral: true)',
    )
    await until(() =>
      expect(feeds.map((seen) => JSON.stringify(seen).includes('"title":"C"'))).toEqual([true, true, true]),
    )
    expect(JSON.stringify(feeds[0])).toContain('MOVED_OUT')
    expect(plain(shown())).toEqual(before)
  })

  test('of a query after mutations that change what it shows', async () => {
    const it = await stage(open)
    await it.write('put(path: "posts/1", value: "one")')
    const present =
      `query Present { document(path: "posts/1") { ${FIELDS} } documents(path: "posts") { nodes { ` + `${FIELDS} } } }`
    const past = `query Past { history(path: "posts/1") { nodes { ${FIELDS} } } }`
    const [now, then] = [await it.client.watch(present), await it.client.watch(past)]
    const before = plain(then())
    const change = `{ cursor document { ${FIELDS} } changes { document { ${FIELDS} } } }`
    await it.client.mutate(`mutation Two { put(path: "posts/1", value: "two", key: "k2") ${change} }`)
    await expectFresh(it, present, now)
    await it.client.mutate(`mutation Three { patch(path: "posts/1", patch: { merge: { three: 3 } }) ${change} }`)
    await expectFresh(it, present, now)
    // A retry answers with the commit of then, which is the present no longer.
    await it.client.mutate(`mutation Again { put(path: "posts/1", value: "two", key: "k2") ${change} }`)
    await expectFresh(it, present, now)
    expect(plain(then())).toEqual(before)
  })

  test('of an id: the document as it is, or the version', async () => {
    const it = await stage(open)
    await it.write('put(path: "posts/1", value: "one")', 'put(path: "posts/1", value: "two")')
    for (const id of ['posts/1', 'posts/1//1', 'posts/2']) {
      const query = `query Again { node(id: "${id}") { __typename id ... on Document { version value localId } } }`
      await expectFresh(it, query.replace('__typename', ''), await it.client.watch(query))
    }
  })
})
