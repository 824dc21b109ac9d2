import { createClient, type Client } from 'graphql-ws'
import { expect, onTestFinished, test } from 'vitest'
import WebSocket from 'ws'
import { ask, openServer } from '../support/server/fixture.ts'

interface Shown {
  readonly type: string
  readonly path: string
  readonly fields: readonly string[]
  readonly document: { readonly version: number; readonly value: unknown; readonly deleted: boolean }
}

interface Batch {
  readonly changes: readonly Shown[]
  readonly upToDate: boolean
}

interface Version {
  readonly version: number
  readonly value: unknown
  readonly updatedAt: string
}

type Story = Readonly<
  Record<'get' | 'post' | 'put' | 'remove' | 'history', (...args: readonly unknown[]) => Promise<unknown>>
>

const COMMIT = '{ document { localId path version value } changes { type path } }'
const CHANGES = `subscription ($paths: [PathPattern!]!) {
  changes(paths: $paths) { upToDate changes { type path fields document { version value deleted } } }
}`

/** Asks the server, and fails on any error. */
async function asked(endpoint: string, query: string, variables: Readonly<Record<string, unknown>>): Promise<unknown> {
  const { data, errors } = await ask(endpoint, query, variables)
  expect(errors).toBeUndefined()
  return Object.values(data as object)[0] as unknown
}

function storyOver(endpoint: string): Story {
  return {
    get: (path) => asked(endpoint, 'query ($path: Path!) { get(path: $path) }', { path }),
    post: (path, value) =>
      asked(endpoint, `mutation ($path: Path!, $value: JSON) { post(path: $path, value: $value) ${COMMIT} }`, {
        path,
        value,
      }),
    put: (path, value) =>
      asked(endpoint, `mutation ($path: Path!, $value: JSON) { put(path: $path, value: $value) ${COMMIT} }`, {
        path,
        value,
      }),
    remove: (path) => asked(endpoint, `mutation ($path: Path!) { delete(path: $path) ${COMMIT} }`, { path }),
    history: (path, options) =>
      asked(
        endpoint,
        `query ($path: Path!, $last: Int, $from: DateTime, $to: DateTime) {
          history(path: $path, last: $last, from: $from, to: $to) { nodes { version value updatedAt } }
        }`,
        { path, ...(options as object) },
      ).then((page) => (page as { nodes: readonly Version[] }).nodes),
  }
}

/** The id within its collection of the document that a commit wrote. */
function idOf(commit: unknown): string {
  return (commit as { document: { localId: string } }).document.localId
}

const ANY_TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown

const POST = { author: 'ann', title: 'Exile', body: 'first', comments: [], tags: ['db', 'realtime'] }
const COMMENT = { author: 'bob', body: 'nice' }

/** Follows patterns over a WebSocket until the test ends; `next` waits for one more batch. */
function follow(client: Client, paths: readonly string[]): () => Promise<Batch> {
  const batches = client.iterate<{ changes: Batch }>({ query: CHANGES, variables: { paths } })
  return async () => {
    const { value, done } = await batches.next()
    const batch = (value as { data?: { changes: Batch } | null } | undefined)?.data?.changes
    if (done === true || batch === undefined) throw new Error(`The subscription gave ${JSON.stringify(value)}.`)
    return batch
  }
}

/** Posts a post and a comment, and reads them in every way. */
async function postAndGet({ post, get }: Story): Promise<string> {
  const id = idOf(await post('posts', POST))
  const commit = await post(`posts/${id}/comments`, COMMENT)
  const comment = idOf(commit)
  expect(commit).toMatchObject({
    document: { path: `posts/${id}/comments/${comment}`, version: 1, value: COMMENT },
    changes: [{ type: 'NEW' }],
  })
  const comments = [{ id: comment, ts: ANY_TIME, value: COMMENT }]
  expect(await get('posts')).toEqual([{ id, ts: ANY_TIME, value: { ...POST, comments } }])
  expect(await get(`posts/${id}`)).toEqual({ ...POST, comments })
  expect(await get(`posts/${id}/comments`)).toEqual(comments)
  expect(await get(`posts/${id}/comments/${comment}`)).toEqual(COMMENT)
  expect(await get(`posts/${id}/comments/${comment}/author`)).toBe('bob')
  return id
}

/** Writes one field, then deletes one post, then all. */
async function putAndDelete({ post, put, remove, get }: Story, id: string): Promise<void> {
  expect(await put(`posts/${id}/body`, 'second')).toMatchObject({
    document: { version: 2, value: { ...POST, body: 'second' } },
  })
  expect(await get(`posts/${id}/body`)).toBe('second')
  const deleted = await remove(`posts/${id}`)
  expect((deleted as { changes: readonly unknown[] }).changes).toHaveLength(2)
  expect(await get(`posts/${id}`)).toBeNull()
  expect(await get('posts')).toEqual([])
  await post('posts', { title: 'b' })
  await post('posts', { title: 'c' })
  expect(await get('posts')).toHaveLength(2)
  await remove('posts')
  expect(await get('posts')).toEqual([])
}

/** What a subscriber of `posts` sees of a post's life. */
async function watch({ post, put, remove }: Story, next: () => Promise<Batch>): Promise<void> {
  expect(await next()).toEqual({ changes: [], upToDate: true })
  const id = idOf(await post('posts', POST))
  const path = `posts/${id}`
  expect((await next()).changes).toEqual([
    { type: 'NEW', path, fields: [], document: { version: 1, value: POST, deleted: false } },
  ])
  await put(`${path}/body`, 'second')
  const written = { ...POST, body: 'second' }
  expect((await next()).changes).toEqual([
    { type: 'UPDATE', path, fields: ['body'], document: { version: 2, value: written, deleted: false } },
  ])
  const comment = `${path}/comments/${idOf(await post(`${path}/comments`, COMMENT))}`
  expect((await next()).changes).toEqual([
    { type: 'NEW', path: comment, fields: [], document: { version: 1, value: COMMENT, deleted: false } },
  ])
  await remove(path)
  const { changes } = await next()
  const gone = { version: 3, value: null, deleted: true }
  expect(changes).toHaveLength(2)
  expect(changes).toContainEqual({ type: 'DELETE', path, fields: [], document: gone })
  expect(changes).toContainEqual({ type: 'DELETE', path: comment, fields: [], document: { ...gone, version: 2 } })
}

/** The last ten versions, and those between two times. */
async function lookBack({ put, history }: Story): Promise<void> {
  for (let n = 1; n <= 14; n++) await put('posts/diary', { n })
  const lastTen = (await history('posts/diary', { last: 10 })) as readonly Version[]
  expect(lastTen.map(({ version, value }) => [version, value])).toEqual(
    Array.from({ length: 10 }, (_, i) => [i + 5, { n: i + 5 }]),
  )
  const all = (await history('posts/diary', { last: 100 })) as readonly Version[]
  const [from, to] = [all[3]?.updatedAt ?? '', all[9]?.updatedAt ?? '']
  const between = (await history('posts/diary', { from, to })) as readonly Version[]
  expect(between).toEqual(all.filter(({ updatedAt }) => updatedAt >= from && updatedAt <= to))
  expect(between.length).toBeGreaterThanOrEqual(7)
}

test('the examples of Exile hold, in their order, over HTTP and a WebSocket', async () => {
  const { endpoint, wsEndpoint } = await openServer()
  const client = createClient({ url: wsEndpoint, webSocketImpl: WebSocket })
  onTestFinished(() => client.dispose())
  const story = storyOver(endpoint)
  const id = await postAndGet(story)
  await putAndDelete(story, id)
  await watch(story, follow(client, ['posts']))
  await lookBack(story)
})
