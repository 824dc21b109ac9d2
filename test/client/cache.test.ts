import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { memoryCache } from '../../src/client/cache/cache.ts'
import type { CacheBatch, CachedShape, ClientCache } from '../../src/client/cache/client-cache.ts'
import { connect } from '../../src/client/connect-node.ts'
import type { LiveShape, LiveState } from '../../src/client/live/live-state.ts'
import { startProxy, type ReplyLosingProxy } from '../support/client/reply-losing-proxy.ts'
import { serveMemory, type Served } from '../support/client/served.ts'
import { until } from '../support/time/until.ts'

/** A cache in memory, the batches that were stored in it, and the values that it gave, null for nothing. */
interface RecordingCache extends ClientCache {
  readonly saved: readonly CacheBatch[]
  readonly loaded: readonly (readonly unknown[] | null)[]
}

function recordingCache(): RecordingCache {
  const cache = memoryCache()
  const saved: CacheBatch[] = []
  const loaded: (readonly unknown[] | null)[] = []
  return {
    saved,
    loaded,
    forget: () => cache.forget(),
    open: async (scope) => {
      const opened = await cache.open(scope)
      return { ...opened, shape: (name) => recorded(opened.shape(name), saved, loaded) }
    },
  }
}

function recorded(shape: CachedShape, saved: CacheBatch[], loaded: (readonly unknown[] | null)[]): CachedShape {
  return {
    ...shape,
    load: async () => {
      const cached = await shape.load()
      loaded.push(cached?.documents.map(({ value }) => value) ?? null)
      return cached
    },
    save: async (batch) => {
      const isStored = await shape.save(batch)
      if (isStored) saved.push(batch)
      return isStored
    },
  }
}

interface Site {
  readonly served: Served
  readonly proxy: ReplyLosingProxy
  readonly cache: RecordingCache
}

interface Visit {
  readonly states: readonly LiveState[]
  readonly last: () => LiveState
  readonly forget: () => Promise<void>
  readonly leave: () => Promise<void>
}

/** A page that shows a shape. */
function visit({ proxy, cache }: Site, { actor, ...shape }: Partial<LiveShape> & { actor?: string } = {}): Visit {
  const client = connect(proxy.url, { cache, actor, transport: 'ws' })
  onTestFinished(() => client.close())
  const states: LiveState[] = []
  client.liveStore({ path: 'posts', ...shape }).subscribe((state) => states.push(state))
  const last = (): LiveState => states.at(-1) as LiveState
  return { states, last, forget: () => client.forget(), leave: () => client.close() }
}

/** A server with three posts, which a first visit has stored. */
async function openSite(): Promise<Site> {
  const served = await serveMemory()
  const proxy = await startProxy(served.url, () => 0)
  onTestFinished(async () => {
    await proxy.close()
    await served.close()
  })
  const site = { served, proxy, cache: recordingCache() }
  for (let i = 1; i <= 3; i++) await served.db.put(`posts/${i}`, i)
  const { leave } = visit(site)
  await until(() => site.cache.saved.length === 1)
  await leave()
  return site
}

const valuesOf = ({ documents }: LiveState): readonly unknown[] => documents.map(({ value }) => value)

test('what was shown last is shown as stale, until the server answers with what changed since', async () => {
  const site = await openSite()
  const { served, proxy, cache } = site
  proxy.open(false)
  const { states, last } = visit(site)
  await until(() => valuesOf(last()).length === 3)
  expect(new Set(states.map(({ status }) => status))).toEqual(new Set(['loading', 'stale']))
  await served.db.delete('posts/1')
  await served.db.put('posts/2', 'two')
  proxy.open(true)
  await until(() => last().status === 'live')
  expect(valuesOf(last())).toEqual(['two', 3])
  expect(states.filter(({ documents }) => documents.length === 0).every(({ status }) => status === 'loading')).toBe(
    true,
  )
  await until(() => cache.saved.length >= 2)
  const [first, ...later] = cache.saved
  expect(first).toMatchObject({ whole: true, put: [{ path: 'posts/1' }, { path: 'posts/2' }, { path: 'posts/3' }] })
  expect(later.some(({ whole }) => whole)).toBe(false)
  expect(later.flatMap(({ put }) => put.map(({ path }) => path))).toEqual(['posts/2'])
  expect(later.flatMap(({ remove }) => remove)).toEqual(['posts/1'])
})

test('a write is shown over what is stored, and stored when the feed has it', async () => {
  const site = await openSite()
  site.proxy.open(false)
  const client = connect(site.proxy.url, { cache: site.cache, transport: 'ws' })
  onTestFinished(() => client.close())
  const store = client.liveStore({ path: 'posts' })
  onTestFinished(store.subscribe(() => {}))
  await until(() => store.get().documents.length === 3)
  const write = client.put('posts/1', 'mine')
  expect(valuesOf(store.get())).toEqual(['mine', 2, 3])
  expect(site.cache.saved).toHaveLength(1)
  site.proxy.open(true)
  await write
  await until(() => store.get().status === 'live' && store.get().pending === 0)
  expect(valuesOf(store.get())).toEqual(['mine', 2, 3])
  await until(() => site.cache.saved.at(-1)?.put[0]?.value === 'mine')
})

test('other data behind the address empties the cache, and is shown without an error', async () => {
  const site = await openSite()
  const port = Number(new URL(site.proxy.url).port)
  await site.proxy.close()
  const other = await serveMemory()
  const proxy = await startProxy(other.url, () => 0, port)
  onTestFinished(async () => {
    await proxy.close()
    await other.close()
  })
  await other.db.put('posts/9', 'other')
  const { states, last } = visit(site)
  await until(() => last().status === 'live')
  expect(valuesOf(last())).toEqual(['other'])
  expect(states.some(({ error }) => error !== null)).toBe(false)
  await until(() => site.cache.saved.length === 2)
  expect(site.cache.saved.at(-1)).toMatchObject({ whole: true, put: [{ path: 'posts/9' }] })
})

test('another actor gets nothing of it, and nothing is left of it', async () => {
  const site = await openSite()
  site.proxy.open(false)
  const eve = visit(site, { actor: 'eve' })
  await until(() => site.cache.loaded.length === 2)
  visit(site)
  await until(() => site.cache.loaded.length === 3)
  expect(site.cache.loaded).toEqual([null, null, null])
  expect(eve.states.flatMap(valuesOf)).toEqual([])
})

test('another shape, and the same one in another order: shapes have what is theirs', async () => {
  const site = await openSite()
  site.proxy.open(false)
  const reversed = visit(site, { order: 'desc' })
  await until(() => reversed.last().documents.length === 3)
  expect(valuesOf(reversed.last())).toEqual([3, 2, 1])
  visit(site, { where: 'value > 1' })
  await until(() => site.cache.loaded.length === 3)
  expect(site.cache.loaded).toEqual([null, [1, 2, 3], null])
})

test('of two stores of one shape, one writes it', async () => {
  const site = await openSite()
  const client = connect(site.proxy.url, { cache: site.cache, transport: 'ws' })
  onTestFinished(() => client.close())
  const stores = (['asc', 'desc'] as const).map((order) => client.liveStore({ path: 'posts', order }))
  for (const store of stores) onTestFinished(store.subscribe(() => {}))
  await until(() => stores.every((store) => store.get().status === 'live'))
  for (let i = 1; i <= 3; i++) await site.served.db.put('posts/1', `round ${i}`)
  await until(() => stores.every((store) => store.get().byPath.get('posts/1')?.value === 'round 3'))
  await until(() => site.cache.saved.at(-1)?.put[0]?.value === 'round 3')
  expect(site.cache.saved.filter(({ put }) => put[0]?.value === 'round 3')).toHaveLength(1)
  expect(site.cache.saved.filter(({ whole }) => whole)).toHaveLength(1)
})

test('after forget nothing is stored, and this client stores nothing more', async () => {
  const site = await openSite()
  const first = visit(site)
  await until(() => first.last().status === 'live')
  await first.forget()
  const count = site.cache.saved.length
  await site.served.db.put('posts/4', 4)
  await until(() => first.last().documents.length === 4)
  await first.leave()
  expect(site.cache.saved).toHaveLength(count)
  visit(site)
  await until(() => site.cache.loaded.length === 3)
  expect(site.cache.loaded.at(-1)).toBeNull()
})

test('a server that refuses the token empties the cache', async () => {
  const site = await openSite()
  const port = Number(new URL(site.proxy.url).port)
  await site.proxy.close()
  const refusing = new WebSocketServer({ port, host: '127.0.0.1' })
  refusing.on('connection', (socket) => socket.close(4401, 'Unauthorized'))
  await once(refusing, 'listening')
  onTestFinished(async () => {
    refusing.close()
    await once(refusing, 'close')
  })
  const denied = visit(site)
  await until(() => denied.last().status === 'error')
  expect(denied.last()).toMatchObject({ documents: [], error: { code: 'UNAUTHENTICATED' } })
  await denied.leave()
  visit(site)
  await until(() => site.cache.loaded.length === 3)
  expect(site.cache.loaded).toEqual([null, [1, 2, 3], null])
})
