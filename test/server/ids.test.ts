import { createClient } from 'graphql-ws'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { ask, openServer, type ServerFixture } from '../support/server/fixture.ts'
import { until } from '../support/time/until.ts'

const SHOWN = 'id localId path version value deleted'

interface Shown {
  readonly id: string
  readonly localId: string
  readonly path: string
  readonly version: number
}

async function asked<T>(
  { endpoint }: ServerFixture,
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<T> {
  const { data, errors } = await ask(endpoint, query, variables)
  expect(errors).toBeUndefined()
  return data as T
}

/** All ids of a result, in its order. */
function idsOf(result: unknown): readonly string[] {
  return [...JSON.stringify(result).matchAll(/"id":"([^"]*)"/g)].map(([, id = '']) => id)
}

/** A server with a post of two versions, which has comments, and with a post that was deleted. */
async function planted(): Promise<ServerFixture> {
  const server = await openServer()
  for (const write of [
    'put(path: "posts/1", value: { n: 1, comments: [] })',
    'post(path: "posts/1/comments", id: "1", value: "a")',
    'put(path: "posts/1/n", value: 2)',
    'put(path: "posts/1/comments/1", value: "b")',
    'put(path: "posts/2", value: 1)',
    'delete(path: "posts/2")',
  ]) {
    await asked(server, `mutation { ${write} { cursor } }`)
  }
  return server
}

/** The ids that a subscription shows, as they come. */
function follow(
  { wsEndpoint }: ServerFixture,
  query: string,
  variables: Record<string, unknown> = {},
): readonly string[] {
  const client = createClient({ url: wsEndpoint, webSocketImpl: WebSocket })
  onTestFinished(() => void client.dispose())
  const ids: string[] = []
  client.subscribe(
    { query, variables },
    { next: (result) => ids.push(...idsOf(result)), error: (error) => ids.push(String(error)), complete: () => {} },
  )
  return ids
}

test('An id of the present is the path, whatever the document is read by', async () => {
  const server = await planted()
  const nested = 'documents(name: "comments") { nodes { id } edges { node { id } } }'
  expect(idsOf(await asked(server, `{ document(path: "posts/1") { id ${nested} } }`))).toEqual([
    'posts/1',
    'posts/1/comments/1',
    'posts/1/comments/1',
  ])
  expect(idsOf(await asked(server, '{ documents(path: "posts") { nodes { id } edges { node { id } } } }'))).toEqual([
    'posts/1',
    'posts/1',
  ])
  for (const write of [
    'put(path: "posts/3", value: 1)',
    'patch(path: "posts/3", patch: { merge: 2 })',
    'delete(path: "posts/3")',
    'transact(ops: [{ post: { path: "posts", id: "3", value: 4 } }])',
  ]) {
    expect(idsOf(await asked(server, `mutation { a: ${write} { document { id } } }`))).toEqual(['posts/3'])
  }
})

test('An id of a moment or an event is that of the version', async () => {
  const server = await planted()
  const then = await asked<{ document: { cursor: string } }>(
    server,
    '{ document(path: "posts/1", asOf: { version: 1 }) { cursor } }',
  )
  const moments = ['version: 2', `cursor: "${then.document.cursor}"`, `time: "${new Date().toISOString()}"`].map(
    (moment) => `asOf: { ${moment} }`,
  )
  const [byVersion, byCursor, byTime] = await Promise.all(
    moments.map(async (asOf) =>
      idsOf(
        await asked(
          server,
          `{ document(path: "posts/1", ${asOf}) { id documents(name: "comments") { nodes { id } } ` +
            'history { nodes { id } } } }',
        ),
      ),
    ),
  )
  expect(byVersion).toEqual(['posts/1//2', 'posts/1/comments/1//1', 'posts/1//1', 'posts/1//2'])
  expect(byCursor).toEqual(['posts/1//1', 'posts/1//1', 'posts/1//2'])
  expect(byTime).toEqual(['posts/1//2', 'posts/1/comments/1//2', 'posts/1//1', 'posts/1//2'])
  expect(
    idsOf(await asked(server, `{ documents(path: "posts", ${moments[1]}) { nodes { id } edges { node { id } } } }`)),
  ).toEqual(['posts/1//1', 'posts/1//1'])
  expect(idsOf(await asked(server, '{ history(path: "posts") { nodes { id } } }'))).toEqual([
    'posts/1//1',
    'posts/1/comments/1//1',
    'posts/1//2',
    'posts/1/comments/1//2',
    'posts/2//1',
    'posts/2//2',
  ])
  expect(idsOf(await asked(server, '{ history(path: "posts/1/n") { edges { node { id } } } }'))).toEqual([
    'posts/1//1',
    'posts/1//2',
  ])
  expect(
    idsOf(
      await asked(
        server,
        '{ document(path: "posts/1") { history { nodes { id documents(name: "comments") { nodes { id } } } } } }',
      ),
    ),
  ).toEqual(['posts/1//1', 'posts/1//2', 'posts/1/comments/1//1'])
  expect(idsOf(await asked(server, '{ log(paths: ["posts/2"]) { changes { document { id } } } }'))).toEqual([
    'posts/2//1',
    'posts/2//2',
  ])
  expect(
    idsOf(await asked(server, 'mutation { delete(path: "posts/1") { document { id } changes { document { id } } } }')),
  ).toEqual(['posts/1/comments/1//3', 'posts/1//3'])
})

test('An answer that comes again and an ephemeral post do not pass for the present', async () => {
  const server = await planted()
  const put = 'mutation { put(path: "posts/2", value: 1, key: "k") { document { id } } }'
  expect([await asked(server, put), await asked(server, put)].map(idsOf)).toEqual([['posts/2'], ['posts/2//3']])
  expect(
    idsOf(
      await asked(
        server,
        'mutation { post(path: "typing", id: "ann", value: 1, ephemeral: true) { document { id } changes ' +
          '{ document { id } } } }',
      ),
    ),
  ).toEqual(['typing/ann//0', 'typing/ann//0'])
})

test('A live feed shows ids of the present, and of events where it shows less', async () => {
  const server = await openServer()
  await asked(server, 'mutation { put(path: "posts/1", value: { open: true, title: "A" }) { cursor } }')
  const selection = '{ changes { document { id } } }'
  // Of one text, so of one cohort: the columns tell them apart.
  const text = `subscription ($columns: [String!]) { live(paths: ["posts"], columns: $columns) ${selection} }`
  const live = follow(server, text)
  const titles = follow(server, text, { columns: ['title'] })
  const open = follow(server, `subscription { live(paths: ["posts"], where: "value.open") ${selection} }`)
  const inside = follow(server, `subscription { live(paths: ["posts/1/title"]) ${selection} }`)
  const changes = follow(server, `subscription { changes(paths: ["posts"], start: BEGINNING) ${selection} }`)
  const feeds = [live, open, titles, inside, changes]
  await until(() => expect(feeds.map((ids) => ids.length)).toEqual([1, 1, 1, 1, 1]))
  for (const [i, write] of [
    'put(path: "posts/1/open", value: false)',
    'put(path: "posts/1/open", value: true)',
    'patch(path: "posts/1", patch: { merge: { title: null } })',
    'post(path: "posts", id: "2", value: { open: true, title: "B" }, ephemeral: true)',
    'delete(path: "posts/1")',
  ].entries()) {
    await asked(server, `mutation { ${write} { cursor } }`)
    await until(() => expect(changes).toHaveLength(i + 2))
    await until(() => expect(live).toHaveLength(i + 2))
  }
  const all = ['posts/1', 'posts/1', 'posts/1', 'posts/1', 'posts/2//0', 'posts/1']
  const events = ['posts/1//1', 'posts/1//2', 'posts/1//3', 'posts/1//4', 'posts/2//0', 'posts/1//5']
  await until(() =>
    expect(feeds).toEqual([all, ['posts/1', 'posts/1//2', ...all.slice(2)], events, ['posts/1', 'posts/1//4'], events]),
  )
})

test('What an id names is found again by it, and nothing else is', async () => {
  const server = await planted()
  const results = await Promise.all(
    [
      `{ document(path: "posts/1") { ${SHOWN} documents(name: "comments") { nodes { ${SHOWN} } } } }`,
      `{ history(path: "posts") { nodes { ${SHOWN} } } }`,
    ].map((query) => asked<Record<string, unknown>>(server, query)),
  )
  const again = async (id: string): Promise<Shown | null> =>
    (
      await asked<{ node: Shown | null }>(
        server,
        `query ($id: ID!) { node(id: $id) { id ... on Document { ${SHOWN.slice(3)} } } }`,
        { id },
      )
    ).node
  const ids = new Set(results.flatMap(idsOf))
  expect(ids.size).toBe(8)
  for (const id of ids) {
    const found = await again(id)
    expect(JSON.stringify(results)).toContain(JSON.stringify(found).slice(0, -1))
    expect(found).toMatchObject({ id, localId: found?.path.split('/').at(-1) })
  }
  expect(await again('posts/2//2')).toMatchObject({ version: 2, deleted: true, value: null })
  const absent = [
    'posts/2',
    'posts/3',
    'posts/1//3',
    'posts/1//2147483648',
    'posts/1//4294967297',
    'posts/1//9999999999',
    'posts/9//1',
    'posts/1/n/x',
    'posts/1/n/x//1',
    'typing/ann//0',
  ]
  const malformed = [
    '',
    '1',
    'posts',
    'posts//1',
    '//',
    '//1',
    'posts/1//',
    'posts/1//01',
    'posts/1//-1',
    'posts/1//1e0',
    'posts/1//1//1',
    'posts/1///1',
    'posts/1/',
    '/posts/1',
    'posts/*',
    '_system/1',
    'posts/..',
    `posts/${'x'.repeat(5_000)}`,
    'posts/1//99999999999',
  ]
  for (const id of [...absent, ...malformed]) expect([id, await again(id)]).toEqual([id, null])
})

test('The id of a collection stays the last segment where documents are named in it', async () => {
  const server = await planted()
  expect(
    await asked(
      server,
      '{ get(path: "posts", depth: 0) documents(path: "posts", where: "id == \\"1\\"") { nodes { id localId } } }',
    ),
  ).toMatchObject({ get: [{ id: '1' }], documents: { nodes: [{ id: 'posts/1', localId: '1' }] } })
})
