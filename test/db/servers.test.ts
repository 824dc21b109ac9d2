import { describe, expect, onTestFinished, test } from 'vitest'
import type { ChangeBatch, Database } from '../../src/core/database.ts'
import { DatabaseError } from '../../src/core/error.ts'
import { openEngine, type Engine } from '../../src/db/engine.ts'
import type { Authorize } from '../../src/db/feed/authorize.ts'
import { SYSTEM_TENANT } from '../../src/db/cluster/cluster.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { refusal } from '../contract/database/subject.ts'
import { ALL, commit, put, remove, texts } from '../support/store/drafts.ts'
import { distant, wrapped } from './store-wrappers.ts'
import { until } from '../support/time/until.ts'
import { pull } from '../support/database/pull.ts'

const PAGE = { kind: 'below', path: [] as readonly string[], limit: ALL } as const

/** The documents that the processes have in the system tenant. */
async function documents(store: Store): Promise<readonly string[]> {
  return texts((await store.list(SYSTEM_TENANT, PAGE)).rows)
}

async function registered(store: Store, count: number): Promise<void> {
  await until(async () => expect((await documents(store)).length).toBe(count))
}

function sharing(store: Store): Store {
  return wrapped(store, { shared: true })
}

async function openOn(
  store: Store,
  authorize?: Authorize,
): Promise<{ readonly engine: Engine; readonly db: Database }> {
  const engine = await openEngine(sharing(distant(store)), { authorize })
  onTestFinished(() => engine.close())
  return { engine, db: engine.database('default', { actor: null }) }
}

/** So many subscribers of `posts`, each up to date. */
async function subscribed(db: Database, count: number): Promise<readonly AsyncIterableIterator<ChangeBatch>[]> {
  const feeds = Array.from({ length: count }, () => db.live(['posts']))
  for (const feed of feeds) await pull(feed)
  return feeds
}

describe('processes on one store', () => {
  test('an interrupt that any of them is asked for is done in all, and gives the sum', async () => {
    const store = new MemoryStore()
    let authorize: Authorize = (asked) => asked
    const servers = await Promise.all([1, 2, 3].map(() => openOn(store, (asked) => authorize(asked))))
    await registered(store, 3)
    const feeds = (await Promise.all(servers.map(({ db }, i) => subscribed(db, i + 1)))).flat()
    const elsewhere = servers[0]?.engine.database('other', { actor: null }).live(['posts']) ?? expect.fail()
    await pull(elsewhere)
    for (const { db } of servers) expect(await db.interrupt({ paths: ['posts', 'x'] })).toBe(6)
    expect(await servers[0]?.db.interrupt({ paths: ['posts'], where: 'true' })).toBe(0)
    authorize = (asked) => ({ ...asked, paths: ['users'] })
    expect(await servers[2]?.db.interrupt({ paths: ['*'] })).toBe(6)
    for (const feed of feeds) expect(await pull(feed)).toMatchObject({ reset: 'SHAPE_CHANGED' })
    authorize = () => {
      throw new DatabaseError('FORBIDDEN', 'No.')
    }
    expect(await servers[1]?.db.interrupt({ paths: ['posts'] })).toBe(6)
    for (const feed of feeds) expect(await refusal(feed.next())).toEqual({ code: 'FORBIDDEN' })
    expect(await servers[1]?.db.interrupt({ paths: ['posts'] })).toBe(0)
  })

  test('many interrupts at once are all answered, and leave nothing behind', async () => {
    const store = new MemoryStore()
    const servers = await Promise.all([1, 2].map(() => openOn(store)))
    await registered(store, 2)
    for (const { db } of servers) await subscribed(db, 2)
    const counts = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => servers[i % 2]?.db.interrupt({ paths: ['posts'] })),
    )
    expect(counts).toEqual(Array(20).fill(4))
    expect((await documents(store)).map((path) => path.split('/')[0])).toEqual(['servers', 'servers'])
    await servers[0]?.engine.close()
    expect(await documents(store)).toHaveLength(1)
    expect(await servers[1]?.db.interrupt({ paths: ['posts'] })).toBe(2)
  })

  test('a killed one is waited for two seconds, once; its request is cleared away at the next start', async () => {
    const store = new MemoryStore()
    await commit(store, SYSTEM_TENANT, [put('servers/killed', 1), put('interrupts/old', 1)], {
      at: Date.now() - 31_000,
    })
    const { db } = await openOn(store)
    await until(async () => expect(await documents(store)).not.toContain('interrupts/old'))
    await subscribed(db, 1)
    const asked = performance.now()
    expect(await db.interrupt({ paths: ['posts'] })).toBe(1)
    const tookMs = performance.now() - asked
    expect(tookMs).toBeGreaterThan(1_500)
    expect(await documents(store)).not.toContain('servers/killed')
    const again = performance.now()
    expect(await db.interrupt({ paths: ['posts'] })).toBe(1)
    expect(performance.now() - again).toBeLessThan(tookMs)
  })

  test('one that was only slow to answer makes itself known again', async () => {
    const store = new MemoryStore()
    const [slow, asking] = [await openOn(store), await openOn(store)]
    await registered(store, 2)
    for (const { db } of [slow, asking]) await subscribed(db, 1)
    await commit(
      store,
      SYSTEM_TENANT,
      (await documents(store)).map((server) => remove(server, 2)),
      { at: Date.now() },
    )
    await registered(store, 2)
    expect(await asking.db.interrupt({ paths: ['posts'] })).toBe(2)
  })

  test('one whose store was away follows what was asked meanwhile', async () => {
    const store = new MemoryStore()
    let isAway = false
    let isAllowed = true
    const away = new DatabaseError('UNAVAILABLE', 'Away.', { retryAfterMs: 1 })
    const authorize: Authorize = (asked) => {
      if (!isAllowed) throw new DatabaseError('FORBIDDEN', 'No.')
      return asked
    }
    const cut = wrapped(store, {
      shared: true,
      log: (tenant, range) => (isAway ? Promise.reject(away) : store.log(tenant, range)),
    })
    const engine = await openEngine(cut, { authorize })
    onTestFinished(() => engine.close())
    const { db } = await openOn(store)
    await registered(store, 2)
    const [feed] = await subscribed(engine.database('default', { actor: null }), 1)
    const next = feed?.next() ?? expect.fail()
    next.catch(() => {})
    isAway = true
    isAllowed = false
    await db.interrupt({ paths: ['posts'] })
    isAway = false
    // It rings by itself: others wrote there.
    await db.interrupt({ paths: ['nothing'] })
    expect(await refusal(next)).toEqual({ code: 'FORBIDDEN' })
  })

  test('what the system keeps is reached by no client', async () => {
    for (const store of [new MemoryStore(), sharing(new MemoryStore())]) {
      const engine = await openEngine(store)
      onTestFinished(() => engine.close())
      expect(() => engine.database(SYSTEM_TENANT, { actor: null })).toThrow(
        expect.objectContaining({ code: 'FORBIDDEN' }) as Error,
      )
    }
  })
})

test('one process with a store of its own writes nothing for others', async () => {
  const store = new MemoryStore()
  const engine = await openEngine(store)
  const db = engine.database('default', { actor: null })
  await subscribed(db, 2)
  expect(await db.interrupt({ paths: ['posts'] })).toBe(2)
  await engine.close()
  expect(await store.log(SYSTEM_TENANT, { after: 0, limit: ALL })).toMatchObject({ last: 0 })
})
