import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, onTestFinished, test } from 'vitest'
import type { ChangeBatch, Database } from '../../src/core/database.ts'
import { openEngine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { turn } from '../support/time/turns.ts'

/** 200 KB in memory. Feeds of a tenant keep about 32 MiB of what they read: 168 of them, and smaller ones beside. */
const TEXT = 'x'.repeat(100_000)
const KEPT = 200

async function openDatabase(documents: number): Promise<Database> {
  const engine = await openEngine(new MemoryStore())
  onTestFinished(() => engine.close())
  const db = engine.database('default', { actor: null })
  for (let i = 0; i < documents; i++) await db.put(`posts/${i}`, { i, text: TEXT })
  return db
}

/** Reads up to the live edge; gives what can be looked for in memory later, and how much it was. */
async function readAll(
  feed: AsyncIterableIterator<ChangeBatch>,
): Promise<readonly { readonly batch: WeakRef<ChangeBatch>; readonly changes: number }[]> {
  const read: { batch: WeakRef<ChangeBatch>; changes: number }[] = []
  for await (const batch of feed) {
    read.push({ batch: new WeakRef(batch), changes: batch.changes.length })
    if (batch.upToDate) break
  }
  return read
}

/** Changes of the batches that are still in memory. */
async function alive(read: Awaited<ReturnType<typeof readAll>>): Promise<number> {
  setFlagsFromString('--expose_gc')
  const collect = runInNewContext('gc') as () => void
  // What a WeakRef was asked for is held until the end of the turn.
  for (let i = 0; i < 3; i++) await turn().then(collect)
  return read.reduce((sum, { batch, changes }) => (batch.deref() === undefined ? sum : sum + changes), 0)
}

test('snapshots that are kept for others are bounded by the bytes of their documents', async () => {
  const db = await openDatabase(30)
  const staying = db.live(['posts'])
  await staying.next()
  const read: Awaited<ReturnType<typeof readAll>>[number][] = []
  for (let i = 0; i < 20; i++) {
    await db.put('posts/0', i)
    read.push(...(await readAll(db.live(['posts']))))
  }
  expect(read.reduce((sum, { changes }) => sum + changes, 0)).toBe(20 * 30)
  expect(await alive(read)).toBeLessThanOrEqual(KEPT)
  await staying.return?.()
})

test('changes that are kept for others are bounded by the bytes of their documents', async () => {
  const db = await openDatabase(400)
  const staying = db.changes(['posts'])
  await staying.next()
  const read = await readAll(db.changes(['posts'], { start: 'BEGINNING' }))
  expect(read.reduce((sum, { changes }) => sum + changes, 0)).toBe(400)
  expect(await alive(read)).toBeLessThanOrEqual(KEPT)
  await staying.return?.()
})
