import { describe, expect, test } from 'vitest'
import type { Database, Op } from '../../src/core/database.ts'
import type { Json } from '../../src/core/json/json.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { openEngine } from '../../src/db/engine.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { temporaryDirectory } from '../support/server/fixture.ts'
import { costOf } from '../support/time/cost.ts'

const list = <T>(length: number, item: (i: number) => T): T[] => Array.from({ length }, (_, i) => item(i))
const keys = (count: number, name: string, value: Json = 1): Json =>
  Object.fromEntries(list(count, (i) => [`${name}${i}`, value]))

async function withDatabase(store: Store, run: (db: Database) => Promise<void>): Promise<void> {
  const engine = await openEngine(store, { writeMs: 60_000 })
  try {
    await run(engine.database('default', { actor: null }))
  } finally {
    await engine.close()
    await store.close()
  }
}

/** Of a write; each of these cost 60,000 or more before its cost was linear. */
const MOST = 15_000

describe('bytes that a client chooses', () => {
  test('documents of 1,000 new fields each are written in one batch, with one look at expectations each', async () => {
    await withDatabase(await openLmdbStore({ directory: await temporaryDirectory() }), async (db) => {
      await Promise.all(list(100, (i) => db.put(`a/${i}`, {})))
      expect(await costOf(() => Promise.all(list(100, (i) => db.put(`a/${i}`, keys(1_000, 'k')))))).toBeLessThan(MOST)
      expect(await db.document('a/99')).toMatchObject({ version: 2 })
    })
  })

  test('a transaction that patches one large document hundreds of times copies it once', async () => {
    await withDatabase(new MemoryStore(), async (db) => {
      const wide = Object.fromEntries(list(60, (g) => [`g${g}`, keys(1_000, 'k')]))
      await db.put('a/1', wide)
      const ops = list(300, (n): Op => ({ kind: 'patch', path: 'a/1', patch: { merge: keys(60, 'g', { k1: n }) } }))
      expect(await costOf(() => db.transact(ops))).toBeLessThan(MOST)
      expect(await db.get('a/1')).toEqual(
        Object.fromEntries(list(60, (g) => [`g${g}`, { ...(keys(1_000, 'k') as object), k1: 299 }])),
      )
    })
  })

  test('the fields of a transaction that writes many in one document stay few, and cover all', async () => {
    await withDatabase(new MemoryStore(), async (db) => {
      await db.put('a/1', { title: 'x', deep: keys(10, 'g', {}) })
      const patch = (n: number): Op => ({
        kind: 'patch',
        path: 'a/1/deep',
        patch: { merge: { [`g${n % 10}`]: keys(200, `n${n}_`) } },
      })
      const {
        changes: [change],
      } = await db.transact([...list(20, patch), { kind: 'put', path: 'a/1/title', value: 'y' }])
      expect(change?.fields.length).toBeLessThanOrEqual(256)
      expect(change?.fields).toContain('title')
      for (const n of list(10, (i) => i)) {
        expect(
          change?.fields.some((field) => `deep/g${n}/`.startsWith(`${field}/`)),
          String(n),
        ).toBe(true)
      }
    })
  })

  test('a key longer than allowed, from before the bound, is read, and fields beside it are written', async () => {
    const store = new MemoryStore()
    const key = 'k'.repeat(5_000)
    const before = await openEngine(store, { limits: { ...LIMITS, objectKeyBytes: 10_000 } })
    await before.database('default', { actor: null }).put('a/1', { [key]: 1, title: 'x' })
    await before.close()
    await withDatabase(store, async (db) => {
      expect(await db.get('a/1')).toEqual({ [key]: 1, title: 'x' })
      await db.patch('a/1', { merge: { title: 'y' } })
      await db.put('a/1/title', 'z')
      expect(await db.get('a/1')).toEqual({ [key]: 1, title: 'z' })
      await expect(db.put('a/1', { [key]: 1 })).rejects.toMatchObject({
        code: 'TOO_LARGE',
        details: { limit: 'objectKeyBytes' },
      })
      await db.put('a/1', { title: 'z' })
    })
  })

  test('a key with a slash is not taken for the nested collection whose path it spells', async () => {
    await withDatabase(new MemoryStore(), async (db) => {
      await db.put('a/1', { b: [] })
      await db.transact([
        { kind: 'put', path: 'a/1/b/1', value: { c: [] } },
        { kind: 'put', path: 'a/1/b/1/c/1', value: 1 },
        { kind: 'patch', path: 'a/1', patch: { merge: { 'b/1/c': 1 } } },
      ])
      expect(await db.document('a/1')).toMatchObject({ version: 2, value: { 'b/1/c': 1 } })
    })
  })

  test('a feed of a deep field misses no change whose fields are named by a place above it', async () => {
    await withDatabase(new MemoryStore(), async (db) => {
      await db.put('a/1', { deep: { meta: { likes: 0 } }, other: 1 })
      const feed = db.changes(['a/1/deep/meta/likes'])
      await feed.next()
      const merge = { deep: { meta: { likes: 1, ...(keys(300, 'k') as object) } }, other: 2 }
      const {
        changes: [change],
      } = await db.patch('a/1', { merge })
      expect(change?.fields).toEqual(['deep/meta', 'other'])
      expect((await feed.next()).value).toMatchObject({ changes: [{ path: 'a/1', fields: ['deep/meta', 'other'] }] })
      // The place above is named, and yet what the feed is about did not change.
      await db.patch('a/1', { merge: { deep: { meta: keys(300, 'm') } } })
      await db.patch('a/1', { merge: { deep: { meta: { likes: 2 } } } })
      expect((await feed.next()).value).toMatchObject({ changes: [{ document: { version: 4 } }] })
      await feed.return?.()
    })
  })

  test('a feed of a pattern deep inside a document of long keys builds no paths', async () => {
    await withDatabase(new MemoryStore(), async (db) => {
      const leaves = (last: number): Json => [...Array<number>(8_000).fill(0), last]
      const deep = (last: number): Json =>
        list(25, (i) => `${i}`.padEnd(1_000, 'x')).reduceRight<Json>((inner, key) => ({ [key]: inner }), leaves(last))
      await db.put('a/1', deep(0))
      const feed = db.live([`a/1/${Array(26).fill('*').join('/')}`])
      await feed.next()
      const before = process.memoryUsage().rss
      await db.put('a/1', deep(1))
      expect((await feed.next()).value).toMatchObject({ changes: [{ document: { version: 2 } }] })
      // It was 400 MB: each of the 8,001 leaves with a path of 25 KB, in both values.
      expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000)
      await feed.return?.()
    })
  })
})
