import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Database, Op } from '../../src/core/database.ts'
import type { Cursor } from '../../src/core/database/options.ts'
import type { Json } from '../../src/core/json/json.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { openEngine } from '../../src/db/engine.ts'
import { parseShape } from '../../src/db/shape/shape.ts'
import { ShapeIndex } from '../../src/db/shape/shape-index.ts'
import { ValueTree } from '../../src/db/read/tree/value-tree.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'
import { revisionIn } from '../support/writers/history-run.ts'
import { pull } from '../support/database/pull.ts'
import { ALL, path, put } from '../support/store/drafts.ts'
import { wrapped } from './store-wrappers.ts'

async function withStores(use: (store: Store) => Promise<void>): Promise<void> {
  await using directory = await freshDirectory()
  for (const store of [new MemoryStore(), await openLmdbStore({ directory: directory.path })]) {
    await use(store)
    await store.close()
  }
}

/** What `get` gives, cut out of all that lies there. */
async function cutTo(
  store: Store,
  tenant: string,
  { root, depth, at }: { root: string; depth: number; at: number },
): Promise<Json> {
  const segments = path(root)
  const { rows } = await store.list(tenant, { kind: 'below', path: segments, limit: ALL }, at)
  const [head] = segments.length % 2 === 0 ? (await store.heads(tenant, [segments], at)).rows : []
  const levels = head === undefined ? depth + 1 : depth
  const tree = new ValueTree(
    rows.filter((version) => version.path.length <= 2 * Math.floor(segments.length / 2) + 2 * levels),
  )
  if (head === undefined) return tree.list(segments)
  return head === null || head.type === 'DELETE' ? null : tree.value(segments, head.value)
}

const collection = fc.constantFrom('a', 'b', 'b-')
const document = fc
  .array(fc.tuple(collection, fc.constantFrom('1', '2', '10')), { minLength: 1, maxLength: 4 })
  .map((pairs) => pairs.flat().join('/'))

/** Posts the documents with those above them, and deletes some again. Gives the cursor of each commit. */
async function grow(
  db: Database,
  documents: readonly string[],
  deleted: readonly number[],
): Promise<readonly Cursor[]> {
  const all = new Set(
    documents.flatMap((text) =>
      path(text).flatMap((_, i, parts) => (i % 2 === 1 ? [parts.slice(0, i + 1).join('/')] : [])),
    ),
  )
  const sorted = [...all].toSorted((x, y) => x.length - y.length)
  const ops = sorted.map((text): Op => {
    const end = text.lastIndexOf('/')
    return { kind: 'post', path: text.slice(0, end), id: text.slice(end + 1), value: { text, a: [] } }
  })
  const cursors = [(await db.transact(ops)).cursor]
  for (const i of deleted) {
    const text = sorted[i % sorted.length] ?? ''
    if ((await db.document(text)) !== null) cursors.push((await db.delete(text)).cursor)
  }
  return cursors
}

test('get with a depth gives what lies there, cut to so many levels: random trees, now and as of then', async () => {
  await withStores(async (store) => {
    const engine = await openEngine(store)
    let tenants = 0
    const trees = fc.array(document, { minLength: 1, maxLength: 8 })
    const property = fc.asyncProperty(trees, fc.array(fc.nat(20), { maxLength: 3 }), async (documents, deleted) => {
      const tenant = `t${tenants++}`
      const db = engine.database(tenant, { actor: null })
      const cursors = await grow(db, documents, deleted)
      const roots = ['a', 'b', documents[0]?.split('/').slice(0, 2).join('/') ?? 'a/1', documents[0] ?? 'a/1']
      for (const cursor of cursors) {
        for (const [root, depth] of roots.flatMap((each) => [0, 1, 2, 3].map((levels) => [each, levels] as const))) {
          const expected = await cutTo(store, tenant, { root, depth, at: revisionIn(cursor) })
          expect([root, depth, await db.get(root, { depth, asOf: { cursor } })]).toEqual([root, depth, expected])
        }
      }
    })
    await fc.assert(property, { numRuns: 40 })
    await engine.close()
  })
})

test('what lies deeper than the depth is not read: by get, by a watch and by the snapshot of live', async () => {
  await withStores(async (inner) => {
    let rows = 0
    const list: Store['list'] = async (...parts) => {
      const page = await inner.list(...parts)
      rows += page.rows.length
      return page
    }
    const engine = await openEngine(wrapped(inner, { list }))
    const db = engine.database('default', { actor: null })
    for (let i = 0; i < 3; i++) {
      await db.put(`posts/${i}`, { comments: [] })
      await db.transact(
        Array.from({ length: 200 }, (_, k): Op => ({
          kind: 'post',
          path: `posts/${i}/comments`,
          id: `${k}`,
          value: k,
        })),
      )
    }
    const read = async (get: () => Promise<unknown>): Promise<number> => {
      rows = 0
      await get()
      return rows
    }
    expect(await read(() => db.get('posts', { depth: 0 }))).toBe(3)
    expect(await read(() => db.get('posts/1', { depth: 0 }))).toBe(0)
    expect(await read(() => db.get('posts/1', { depth: 1 }))).toBe(200)
    const snapshot = (paths: readonly string[], depth: number): Promise<number> =>
      read(async () => {
        const feed = db.live(paths, { depth })
        while (!(await pull(feed)).upToDate);
        await feed.return?.()
      })
    expect(await snapshot(['posts'], 0)).toBe(3)
    expect(await snapshot(['posts/1'], 0)).toBe(0)
    expect(await snapshot(['posts/1/comments', 'posts'], 0)).toBe(203)
    expect(await snapshot(['posts'], 1)).toBe(603)
    const watch = db.watch('posts', { depth: 0 })
    expect(await read(() => watch.next())).toBe(3)
    await watch.return?.()
    await engine.close()
  })
})

test('a write that is deeper than the depth is not looked at for the feed', () => {
  const index = new ShapeIndex<string>()
  const shapes = [
    ['all', ['posts'], {}],
    ['shallow', ['posts'], { depth: 0 }],
    ['equal', ['posts'], { depth: 0, where: 'value.n == 1' }],
    ['one', ['posts/1'], { depth: 0 }],
    ['field', ['posts/1/n'], { depth: 0 }],
  ] as const
  for (const [name, paths, options] of shapes) index.add(parseShape(paths, options, LIMITS), name)
  const found = (text: string): readonly string[] => {
    const write = { ...put(text, 1, { n: 1 }), createdAt: 1, revision: 1, updatedAt: 1, actor: null, commit: 'c' }
    return [...index.find(write, undefined)].toSorted()
  }
  expect(found('posts/1')).toEqual(['all', 'equal', 'field', 'one', 'shallow'])
  expect(found('posts/2')).toEqual(['all', 'equal', 'shallow'])
  expect(found('posts/1/comments/c')).toEqual(['all'])
})
