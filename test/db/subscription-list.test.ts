import { expect, onTestFinished, test } from 'vitest'
import { openEngine, type Engine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'

const TENANT = 'default'

async function openMemory(): Promise<Engine> {
  const engine = await openEngine(new MemoryStore())
  onTestFinished(() => engine.close())
  return engine
}

test('a reader that does not read lags behind by the commits that came since', async () => {
  const engine = await openMemory()
  const db = engine.database(TENANT, { actor: 'ada' })
  await db.put('posts/1', 0)
  const feed = db.changes(['posts'], { start: 'BEGINNING' })
  const lags = (): readonly number[] => engine.subscriptions(TENANT).groups.map(({ lag }) => lag)
  expect((await feed.next()).value).toMatchObject({ upToDate: true })
  expect(lags()).toEqual([0])
  for (let i = 1; i <= 3; i++) await db.put('posts/1', i)
  expect(engine.subscriptions(TENANT)).toMatchObject({ total: 1, rest: 0, revision: 4 })
  expect(engine.subscriptions(TENANT).groups).toEqual([
    { kind: 'changes', paths: ['posts'], where: null, actor: 'ada', count: 1, lag: 3 },
  ])
  await feed.next()
  expect(lags()).toEqual([0])
  await db.put('users/1', 'of no interest')
  const waiting = feed.next()
  expect(lags()).toEqual([0])
  await feed.return?.()
  await waiting
  expect(engine.subscriptions(TENANT)).toMatchObject({ groups: [], total: 0 })
})

test('more subscriptions than a list has are counted', async () => {
  const engine = await openMemory()
  const db = engine.database(TENANT, { actor: null })
  const feeds = Array.from({ length: 2_300 }, (_, i) => db.changes([`posts/${i % 150}`]))
  const list = engine.subscriptions(TENANT)
  expect([list.groups.length, list.total]).toEqual([100, 2_300])
  expect(list.groups.reduce((sum, { count }) => sum + count, 0)).toBe(2_300 - list.rest)
  expect(list.rest).toBeGreaterThan(600)
  for (const feed of feeds) await feed.return?.()
})
