import { expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { openEngine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { following, readerOf } from '../contract/database/subject.ts'
import { pull } from '../support/database/pull.ts'

const EPHEMERAL = { ephemeral: true } as const

async function open(): Promise<Database> {
  const engine = await openEngine(new MemoryStore())
  onTestFinished(() => engine.close())
  return engine.database('default', { actor: 'ann' })
}

test('all readers of one shape at one place get one object, whether they waited or come a little later', async () => {
  const db = await open()
  for (const open of [() => db.changes(['typing']), () => db.live(['typing'])]) {
    const feeds = Array.from({ length: 6 }, open)
    for (const feed of feeds) await pull(feed)
    const waiting = feeds.slice(0, 3).map(pull)
    await db.post('typing', 1, EPHEMERAL)
    const told = new Set(await Promise.all(waiting))
    for (const late of feeds.slice(3)) told.add(await pull(late))
    expect(told.size).toBe(1)
    for (const feed of feeds) await feed.return?.()
  }
})

test('a reader that does not pull gets the newest 64 of its shape, and all that is stored', async () => {
  const db = await open()
  await following(db, ['typing'], { where: 'value.n >= 0' }, async (reader) => {
    await reader.next()
    for (let n = 0; n < 100; n++) await db.post('typing', { n }, EPHEMERAL)
    for (let n = 0; n < 100; n++) await db.post('typing', { n: -1 }, EPHEMERAL)
    const { changes } = await reader.next()
    expect(changes.map(({ document }) => document.value)).toEqual(Array.from({ length: 64 }, (_, i) => ({ n: 36 + i })))
    await db.put('typing/1', { n: 1 })
    expect((await reader.next()).changes).toMatchObject([{ path: 'typing/1' }])
  })
})

test('a reader with a backlog gets the backlog first, and what passed before it was up to date never', async () => {
  const db = await open()
  await following(db, ['*'], {}, async (reader) => {
    await reader.next()
    await db.post('typing', 'early', EPHEMERAL)
    for (let i = 0; i < 200; i++) await db.put('posts/1', i)
    expect((await reader.next()).upToDate).toBe(false)
    while (!(await reader.next()).upToDate);
    expect(reader.batches.flatMap(({ changes }) => changes).every(({ cursor }) => cursor !== null)).toBe(true)
    await db.post('typing', 'late', EPHEMERAL)
    const passed = (await reader.next()).changes.map(({ document }) => document.value)
    expect(passed).toEqual(['late'])
  })
})

test('heartbeats go on at their pace in a shape where much passes that others have heard', async () => {
  const db = await open()
  const feed = db.changes(['typing'], { where: 'value.n < 2', heartbeatMs: 100 })
  const reader = readerOf(feed)
  await reader.next()
  let over = false
  const typing = (async () => {
    while (!over) await db.post('typing', { n: 2 }, EPHEMERAL)
  })()
  expect((await reader.next()).changes).toEqual([])
  over = true
  await typing
  await feed.return?.()
})

test('the actor of the identity posts it', async () => {
  const db = await open()
  expect(await db.post('typing', 1, EPHEMERAL)).toMatchObject({
    actor: 'ann',
    changes: [{ document: { actor: 'ann' } }],
  })
})
