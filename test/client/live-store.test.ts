import { describe, expect, onTestFinished, test } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import { connect } from '../../src/client/connect-node.ts'
import type { ConnectOptions } from '../../src/client/connect-options.ts'
import type { LiveState } from '../../src/client/live/live-state.ts'
import { monotonicIds } from '../../src/client/writes/monotonic-id.ts'
import { serveMemory, type Served } from '../support/client/served.ts'
import { startProxy, type ReplyLosingProxy } from '../support/client/reply-losing-proxy.ts'
import { soon } from '../support/time/soon.ts'
import { until } from '../support/time/until.ts'

interface Setting {
  readonly served: Served
  readonly proxy: ReplyLosingProxy
  readonly client: Client
}

async function open(options: ConnectOptions = {}): Promise<Setting> {
  const served = await serveMemory()
  const proxy = await startProxy(served.url, () => 0)
  const client = connect(proxy.url, options)
  onTestFinished(async () => {
    await client.close()
    await proxy.close()
    await served.close()
  })
  return { served, proxy, client }
}

/** An address at which nobody listens. */
async function unusedUrl(): Promise<string> {
  const proxy = await startProxy('http://127.0.0.1:1', () => 0)
  await proxy.close()
  return proxy.url
}

/** All states that a store shows, from now on. */
function statesOf(store: { subscribe(run: (state: LiveState) => void): () => void }): readonly LiveState[] {
  const states: LiveState[] = []
  onTestFinished(store.subscribe((state) => states.push(state)))
  return states
}

/** The states of the one write of a client, one after the other; `answered` when it is in the list no more. */
function statesOfWrite(client: Client): readonly string[] {
  const states: string[] = []
  const look = (state: string): void => void (states.at(-1) !== state && states.push(state))
  onTestFinished(client.writes.subscribe(([write]) => (write || states.length > 0) && look(write?.state ?? 'answered')))
  return states
}

const valuesOf = ({ documents }: LiveState): readonly unknown[] => documents.map(({ value }) => value)

describe('a live store', () => {
  test('shows what is there, a write before its answer, and never goes back', async () => {
    const { client, served } = await open()
    await served.db.put('posts/1', { likes: 1 })
    const store = client.liveStore({ path: 'posts' })
    const states = statesOf(store)
    await until(() => store.get().status === 'live')
    const write = client.patch('posts/1', { operators: { likes: { $inc: 1 } } })
    expect(store.get().documents[0]).toMatchObject({ value: { likes: 2 }, version: 1, pending: true })
    const { cursor } = await write
    await client.synced(cursor)
    expect(store.get().documents[0]).toMatchObject({ value: { likes: 2 }, version: 2, pending: false })
    expect(store.get().pending).toBe(0)
    const likes = states.flatMap(({ documents }) => documents.map(({ value }) => (value as { likes: number }).likes))
    expect(likes).toEqual(likes.toSorted((a, b) => a - b))
    expect(Math.max(...likes)).toBe(2)
  })

  test('O3 a refusal takes exactly that operation out, and stays listed until it is dismissed', async () => {
    const { client } = await open()
    await client.put('posts/1', { title: 'a', likes: 0 })
    const store = client.liveStore({ path: 'posts' })
    statesOf(store)
    await until(() => store.get().status === 'live')
    const good = client.put('posts/1/title', 'b')
    const bad = client.put('posts/1/likes', 9, { expect: { version: 77 } })
    const better = client.put('posts/2', { title: 'c' })
    expect(valuesOf(store.get())).toEqual([{ title: 'b', likes: 9 }, { title: 'c' }])
    await expect(bad).rejects.toMatchObject({ code: 'CONFLICT', details: { version: 2 } })
    expect(valuesOf(store.get())).toEqual([{ title: 'b', likes: 0 }, { title: 'c' }])
    await Promise.all([good, better])
    const [refused] = client.writes.get()
    expect(refused).toMatchObject({ state: 'refused', error: { code: 'CONFLICT' } })
    refused?.dismiss()
    expect(client.writes.get()).toEqual([])
  })

  test('O4 a new document has its id at once, and ids of one client sort as they were made', async () => {
    const { client } = await open()
    const store = client.liveStore({ path: 'posts' })
    statesOf(store)
    await until(() => store.get().status === 'live')
    const writes = [1, 2, 3].map((value) => client.post('posts', value))
    const shown = store.get().documents.map(({ id }) => id)
    const committed = (await Promise.all(writes)).map(({ changes }) => changes[0]?.document.id)
    expect(shown).toEqual(committed)
    expect(shown).toEqual(shown.toSorted())
    const id = monotonicIds(() => 5)
    const made = Array.from({ length: 100 }, id)
    expect(made).toEqual(made.toSorted())
    expect(new Set(made).size).toBe(100)
  })

  test('O5 with where, a new document is shown at once only if match says so', async () => {
    const { client } = await open()
    const where = 'value.likes > 1'
    const silent = client.liveStore({ path: 'posts', where })
    const matching = client.liveStore({
      path: 'posts',
      where,
      match: (value) => (value as { likes: number }).likes > 1,
    })
    statesOf(silent)
    statesOf(matching)
    await until(() => silent.get().status === 'live' && matching.get().status === 'live')
    const write = client.put('posts/1', { likes: 5 })
    const other = client.put('posts/2', { likes: 1 })
    expect([silent.get().documents.length, matching.get().documents.length]).toEqual([0, 1])
    await Promise.all([write, other])
    await until(() => silent.get().documents.length === 1 && matching.get().pending === 0)
    expect(matching.get().documents.map(({ path }) => path)).toEqual(['posts/1'])
  })

  test('O6 what cannot be folded is not shown, and sent: the server decides', async () => {
    const { client, served } = await open()
    await served.db.put('posts/1', { title: 'a' })
    const store = client.liveStore({ path: 'posts' })
    statesOf(store)
    await until(() => store.get().status === 'live')
    const write = client.patch('posts/1', { operators: { title: { $inc: 1 } } })
    expect(valuesOf(store.get())).toEqual([{ title: 'a' }])
    await expect(write).rejects.toMatchObject({ code: 'INVALID_VALUE' })
    await expect(client.put('posts/9/title', 'b')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('pending counts the writes that the store shows, and no others', async () => {
    const { client, served } = await open()
    await served.db.put('posts/1', { title: 'a' })
    const store = client.liveStore({ path: 'posts' })
    const states = statesOf(store)
    await until(() => store.get().status === 'live')
    const elsewhere = client.put('unrelated/1', 1)
    const impossible = client.patch('posts/1', { operators: { title: { $inc: 1 } } })
    expect(store.get().pending).toBe(0)
    const shown = client.put('posts/1/title', 'b')
    expect(store.get().pending).toBe(1)
    await Promise.allSettled([elsewhere, impossible])
    await client.synced((await shown).cursor)
    expect(store.get().pending).toBe(0)
    expect(Math.max(...states.map(({ pending }) => pending))).toBe(1)
  })

  test('O7 a pending document keeps the version of its base, which expect takes', async () => {
    const { client } = await open()
    await client.put('posts/1', 1)
    const store = client.liveStore({ path: 'posts' })
    statesOf(store)
    await until(() => store.get().status === 'live')
    const write = client.put('posts/1', 2)
    const [document] = store.get().documents
    expect(document).toMatchObject({ version: 1, pending: true, value: 2 })
    await write
    await expect(client.put('posts/1', 3, { expect: { version: 1 } })).rejects.toMatchObject({ code: 'CONFLICT' })
  })

  test('a document that waits has the actor of the client, and the time of the write', async () => {
    const { client, served } = await open({ actor: 'ada' })
    await served.engine.database('default', { actor: 'bob' }).put('posts/1', { title: 'a' })
    const store = client.liveStore({ path: 'posts' })
    statesOf(store)
    await until(() => store.get().status === 'live')
    const [before] = store.get().documents
    expect(before).toMatchObject({ actor: 'bob', pending: false })
    const writes = [client.put('posts/1/title', 'b'), client.put('posts/2', {})]
    const [edited, made] = store.get().documents
    expect(edited).toMatchObject({ actor: 'ada', pending: true, createdAt: before?.createdAt })
    expect(Date.parse(edited?.updatedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(before?.updatedAt ?? ''))
    expect(made).toMatchObject({ actor: 'ada', pending: true, createdAt: made?.updatedAt })
    await Promise.all(writes)
    await until(() => store.get().pending === 0)
    expect(store.get().documents.map(({ actor, pending }) => [actor, pending])).toEqual([
      ['ada', false],
      ['ada', false],
    ])
  })

  test('without an actor, an edit of a document of another has none', async () => {
    const { client, served } = await open()
    await served.engine.database('default', { actor: 'bob' }).put('posts/1', { title: 'a' })
    const store = client.liveStore({ path: 'posts' })
    statesOf(store)
    await until(() => store.get().status === 'live')
    const write = client.put('posts/1/title', 'b')
    expect(store.get().documents[0]).toMatchObject({ actor: null, pending: true })
    await write
  })

  test.each(['posts/*/comments', 'posts/1/comments'])('a store of %s does not show a post', async (path) => {
    const { client } = await open()
    const store = client.liveStore({ path })
    const states = statesOf(store)
    await until(() => store.get().status === 'live')
    await client.put('posts/1', { title: 'a' })
    expect(states.filter(({ documents, pending }) => documents.length > 0 || pending > 0)).toEqual([])
    const write = client.post('posts/1/comments', 'Nice')
    expect(valuesOf(store.get())).toEqual(['Nice'])
    await write
  })

  test('while it is loading, it shows the writes whose whole value is known, until the feed does', async () => {
    const { client, proxy, served } = await open()
    await served.db.put('posts/1', { likes: 1 })
    proxy.open(false)
    const writes = [
      client.put('posts/2', { likes: 5 }),
      client.patch('posts/1', { operators: { likes: { $inc: 1 } } }),
      client.post('posts', { likes: 7 }, { id: '3' }),
      client.put('posts/3/likes', 8),
    ]
    const store = client.liveStore({ path: 'posts' })
    const states = statesOf(store)
    expect(store.get()).toMatchObject({ status: 'loading', pending: 3 })
    expect(valuesOf(store.get())).toEqual([{ likes: 5 }, { likes: 8 }])
    proxy.open(true)
    await Promise.all(writes)
    await until(() => store.get().status === 'live' && store.get().pending === 0)
    expect(valuesOf(store.get())).toEqual([{ likes: 2 }, { likes: 5 }, { likes: 8 }])
    // The first state is that of before the feed.
    const [, ...later] = states
    expect(later.filter(({ byPath }) => !byPath.has('posts/2') || !byPath.has('posts/3'))).toEqual([])
    expect(states.filter(({ byPath, status }) => byPath.has('posts/1') && status === 'loading')).toEqual([])
  })

  test('O8 after a break, an increment whose answer was lost is not shown twice', async () => {
    // Without HTTP, the write waits for the next socket, as the feed does.
    const { client, proxy, served } = await open({ fetch: () => Promise.reject(new TypeError('no HTTP')) })
    await served.db.put('posts/1', { likes: 0 })
    const store = client.liveStore({ path: 'posts' })
    const states = statesOf(store)
    await until(() => store.get().status === 'live')
    for (let round = 1; round <= 5; round++) {
      proxy.lose(1)
      const write = client.patch('posts/1', { operators: { likes: { $inc: 1 } } })
      await until(async () => ((await served.db.get('posts/1')) as { likes: number }).likes === round)
      // The feed then shows the commit of another, and not that of the increment.
      await served.db.put('posts/1/title', round)
      proxy.lose(0)
      await write
      await until(() => store.get().status === 'live' && store.get().pending === 0)
    }
    const likes = states.flatMap(({ documents }) => documents.map(({ value }) => (value as { likes: number }).likes))
    expect(likes).toEqual(likes.toSorted((a, b) => a - b))
    expect(Math.max(...likes)).toBe(5)
  })

  test('equal shapes are one store, and a document that did not change keeps its identity', async () => {
    const { client, served } = await open()
    await served.db.put('posts/1', 1)
    await served.db.put('posts/2', 1)
    const store = client.liveStore({ path: 'posts', order: 'desc' })
    expect(client.liveStore({ order: 'desc', path: ['posts'] })).toBe(store)
    statesOf(store)
    await until(() => store.get().documents.length === 2)
    const before = store.get().byPath.get('posts/1')
    await client.put('posts/2', 2)
    await until(() => store.get().byPath.get('posts/2')?.version === 2)
    expect(store.get().byPath.get('posts/1')).toBe(before)
    expect(store.get().documents.map(({ id }) => id)).toEqual(['2', '1'])
  })

  test('what is shown stays while the server is away', async () => {
    const { client, proxy, served } = await open()
    await served.db.put('posts/1', 1)
    const store = client.liveStore({ path: 'posts' })
    const states = statesOf(store)
    await until(() => store.get().status === 'live')
    proxy.open(false)
    await until(() => store.get().status === 'stale')
    await served.db.put('posts/2', 2)
    proxy.open(true)
    await until(() => store.get().documents.length === 2)
    expect(
      states
        .slice(states.findIndex(({ documents }) => documents.length > 0))
        .every(({ documents }) => documents.length > 0),
    ).toBe(true)
  })
})

describe('a client', () => {
  test('ends a subscription on the server when a loop is left', async () => {
    const { client, served } = await open()
    await client.put('posts/1', 1)
    for await (const { changes } of client.live(['posts'])) if (changes.length > 0) break
    await until(() => served.engine.counts().feeds === 0)
    const watching = client.watch('posts/1')
    expect((await watching.next()).value).toEqual({ value: 1 })
    await until(() => served.engine.counts().feeds === 1)
    await watching.return?.()
    await until(() => served.engine.counts().feeds === 0)
  })

  test('shows a value, and each change of it', async () => {
    const { client, served } = await open()
    const store = client.valueStore('posts/1/title')
    const seen: unknown[] = []
    onTestFinished(store.subscribe(({ status, value }) => status === 'live' && seen.push(value)))
    await until(() => seen.length === 1)
    await served.db.put('posts/1', { title: 'a' })
    await until(() => seen.length === 2)
    expect(seen).toEqual([null, 'a'])
  })

  test('update applies every change once, however many there are at a time', async () => {
    const { client, served } = await open()
    const other = connect(served.url)
    onTestFinished(() => other.close())
    const increment = (each: Client): Promise<unknown> =>
      each.update('counters/1', (value) => Number(value ?? 0) + 1, { attempts: 50 })
    await Promise.all(Array.from({ length: 10 }, (_, i) => increment(i % 2 === 0 ? client : other)))
    expect(await served.db.get('counters/1')).toBe(10)
  })

  test('refuses a write when too many wait', async () => {
    const client = connect(await unusedUrl(), { maxPending: 2, offlineMs: 60_000 })
    const waiting = [client.put('a/1', 1), client.put('a/2', 1)].map((write) => write.catch((error: unknown) => error))
    await expect(client.put('a/3', 1)).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' })
    expect(client.connection.get().pending).toBe(2)
    await client.close()
    for (const write of waiting) expect(await soon(write)).toMatchObject({ code: 'UNREACHABLE' })
  })

  test('a dry run of a revert is a read: no write waits for it, and it is repeated', async () => {
    let asked = 0
    const { client, proxy, served } = await open({ fetch: (...args) => (asked++, fetch(...args)) })
    const { id } = await served.db.put('posts/1', 'a')
    proxy.open(false)
    const run = client.revert({ commit: id }, { dryRun: true })
    expect([client.writes.get(), client.connection.get().pending]).toEqual([[], 0])
    await until(() => asked > 1)
    proxy.open(true)
    expect(await run).toMatchObject({ commit: null, applied: [{ path: 'posts/1', type: 'DELETE' }] })
    expect(await served.db.get('posts/1')).toBe('a')
  })

  test('a refused write has its method, and the path that it was given', async () => {
    const { client } = await open()
    const writes = [
      client.patch('posts/1', { merge: {} }),
      client.transact([{ kind: 'delete', path: 'posts/2' }]),
      client.restore('posts/3', { version: 1 }),
      client.purge('posts/4'),
      client.revert({ commit: 'none' }),
    ]
    await Promise.allSettled(writes)
    const refused = client.writes.get().map(({ method, path }) => `${method} ${path}`)
    const calls = ['patch posts/1', 'transact null', 'restore posts/3', 'purge posts/4', 'revert null']
    expect(new Set(refused)).toEqual(new Set(calls))
  })

  test('a write waits while no server is there', async () => {
    const { proxy, client } = await open({ offlineMs: 60_000 })
    await soon(client.changes(['a']).next())
    proxy.open(false)
    await until(() => client.connection.get().status !== 'live')
    const states = statesOfWrite(client)
    const write = client.put('a/1', 2)
    await until(() => client.connection.get().status === 'offline')
    expect(client.writes.get()).toMatchObject([{ state: 'waiting', error: null }])
    expect(states).toEqual(['waiting'])
    proxy.open(true)
    await write
    expect(client.writes.get()).toEqual([])
  })

  test.each(['ws', 'sse'] as const)('a write on a connection over %s is sent, until it breaks', async (transport) => {
    const { proxy, client } = await open({ transport, offlineMs: 60_000 })
    await client.put('a/1', 1)
    const feed = client.changes(['a'])
    await soon(feed.next())
    await client.put('a/1', 2)
    const states = statesOfWrite(client)
    proxy.lose(1)
    const write = client.put('a/1', 3)
    await until(() => states.includes('sent') && states.at(-1) === 'waiting')
    proxy.lose(0)
    await write
    expect(states.slice(0, 3)).toEqual(['waiting', 'sent', 'waiting'])
    expect(states.at(-1)).toBe('answered')
  })

  test('tells after offlineMs that no server was reached, and what became of a write', async () => {
    const client = connect(await unusedUrl(), { offlineMs: 100 })
    await expect(client.put('a/1', 1)).rejects.toMatchObject({ code: 'UNREACHABLE', details: { outcome: 'NOT_DONE' } })
    await expect(client.get('a/1')).rejects.toMatchObject({ code: 'UNREACHABLE' })
    const { proxy, client: lossy, served } = await open()
    await lossy.close()
    proxy.lose(1)
    const unsure = connect(proxy.url, { offlineMs: 300, transport: 'sse' })
    await expect(unsure.put('a/1', 1)).rejects.toMatchObject({ code: 'UNREACHABLE', details: { outcome: 'UNKNOWN' } })
    expect(await served.db.get('a/1')).toBe(1)
    await client.close()
    await unsure.close()
  })

  test('a signal ends any wait', async () => {
    const client = connect(await unusedUrl())
    onTestFinished(() => client.close())
    const abort = new AbortController()
    const waits = [
      client.put('a/1', 1, { signal: abort.signal }),
      client.get('a/1', { signal: abort.signal }),
      client.transact([{ kind: 'delete', path: 'a/1' }], { signal: abort.signal }),
    ].map((wait) => wait.catch((error: unknown) => error))
    const reason = new Error('no more')
    abort.abort(reason)
    for (const wait of waits) expect(await soon(wait)).toBe(reason)
    expect(client.writes.get()).toEqual([])
  })

  test('uses event streams where sockets do not pass, and says so', async () => {
    const served = await serveMemory({ sockets: false })
    const client = connect(served.url)
    onTestFinished(async () => {
      await client.close()
      await served.close()
    })
    const feed = client.changes(['a'], {})
    await soon(feed.next())
    expect(client.connection.get()).toMatchObject({ status: 'live', transport: 'sse' })
    await client.put('a/1', 1)
    expect((await soon(feed.next())).value).toMatchObject({ changes: [{ path: 'a/1' }] })
  })

  test('names its actor over every transport', async () => {
    const served = await serveMemory()
    onTestFinished(() => served.close())
    for (const transport of ['ws', 'sse'] as const) {
      const client = connect(served.url, { actor: 'zoë', transport })
      expect((await client.put('a/1', 1)).actor).toBe('zoë')
      const feed = client.changes(['a'], {})
      await soon(feed.next())
      expect((await client.put('a/1', 2)).actor).toBe('zoë')
      await client.close()
    }
  })
})
