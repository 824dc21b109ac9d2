import type { Key } from 'lmdb'
import { describe, expect, test } from 'vitest'
import { indexSome } from '../../src/store/lmdb/commit-index.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { readHistoryRows } from '../../src/store/lmdb/read/history.ts'
import { listDocuments } from '../../src/store/lmdb/read/list.ts'
import { decodedAtOnce } from '../../src/store/lmdb/read/stored-row.ts'
import { readLogRows } from '../../src/store/lmdb/read/log.ts'
import { closeTables, openTables, type LmdbTables, type TenantRow } from '../../src/store/lmdb/tables.ts'
import type { Draft, Store } from '../../src/store/store.ts'
import { draft, path, put, remove, texts } from '../support/store/drafts.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'

const COMMITS = 1_500
const LAST_TEN = { after: 0, reverse: true, limit: { rows: 10, bytes: 1e9 } } as const

/** Writes of ann among many of bob, of quiet/… among many of busy/…, and of 300 documents in wide/… */
function story(): readonly Draft[] {
  const writes = Array.from({ length: COMMITS }, (_, i) =>
    draft([put(`busy/${i}`, 1)], { actor: i % 300 === 7 ? 'ann' : i % 5 === 0 ? null : 'bob' }),
  )
  const wide = draft(Array.from({ length: 300 }, (_, i) => put(`wide/${i}`, 1)))
  const deleted = draft([remove('busy/x', 2), put('quiet/1', 2, 'DELETE')])
  return [draft([put('quiet/1', 1), put('busy/x', 1)]), wide, ...writes, draft([], { actor: 'ann' }), deleted]
}

async function append(store: Store, tenant: string, drafts: readonly Draft[]): Promise<void> {
  for (let i = 0; i < drafts.length; i += 256) await store.append(tenant, drafts.slice(i, i + 256))
}

async function withTables<T>(directory: string, use: (tables: LmdbTables) => T): Promise<T> {
  const tables = openTables({ directory, mapSizeBytes: 2 ** 30 })
  try {
    return use(tables)
  } finally {
    closeTables(tables)
  }
}

interface Indexes {
  readonly actors: readonly Key[]
  readonly writes: readonly Key[]
  readonly deletes: readonly Key[]
}

const indexesOf = ({ actors, writes, deletes }: LmdbTables): Indexes => ({
  actors: [...actors.getKeys()],
  writes: [...writes.getKeys()],
  deletes: [...deletes.getKeys()],
})

const sizesOf = ({ actors, writes, deletes }: Indexes): readonly number[] =>
  [actors, writes, deletes].map(({ length }) => length)

/** Makes a directory what a release without the indexes left, whose newest commit they have is `indexed`. */
function forget(tables: LmdbTables, indexed: number | undefined): void {
  tables.root.transactionSync(() => {
    for (const table of [tables.actors, tables.writes, tables.deletes]) {
      for (const key of Array.from(table.getKeys())) {
        if (((key as readonly unknown[]).at(-1) as number) > (indexed ?? 0)) void table.remove(key)
      }
    }
    for (const { key, value } of Array.from(tables.tenants.getRange())) {
      const { indexed: _, ...row } = value
      void tables.tenants.put(key, indexed === undefined ? row : { ...row, indexed })
    }
  })
}

describe('a data directory of a release without the indexes of commits', () => {
  test.each([
    ['that never had them', undefined],
    ['that wrote on where they end', 700],
  ])('has them after its opening: one %s', async (_, indexed) => {
    await using directory = await freshDirectory()
    const store = await openLmdbStore({ directory: directory.path })
    for (const tenant of ['a', 'b']) await append(store, tenant, story())
    await store.close()
    const whole = await withTables(directory.path, indexesOf)
    expect(sizesOf(whole)).toEqual([2 * 1_201, 2 * (COMMITS + 5), 2])
    await withTables(directory.path, (tables) => forget(tables, indexed))
    expect((await withTables(directory.path, indexesOf)).writes.length).toBe(
      indexed === undefined ? 0 : 2 * (indexed + 1),
    )
    const opened = await openLmdbStore({ directory: directory.path })
    const { commits } = await opened.log('b', { ...LAST_TEN, actor: 'ann' })
    expect(commits.map(({ revision }) => revision)).toEqual([10, 310, 610, 910, 1_210, 1_503])
    await append(opened, 'b', [draft([put('quiet/2', 1)], { actor: 'ann' })])
    await opened.close()
    expect(await withTables(directory.path, (tables) => tables.tenants.get('b'))).toMatchObject({
      last: 1_505,
      indexed: 1_505,
    })
    const [actors = 0, writes = 0, deletes = 0] = sizesOf(whole)
    expect(sizesOf(await withTables(directory.path, indexesOf))).toEqual([actors + 1, writes + 1, deletes])
  })

  test('gets them in steps of some hundred rows, each of which stays when the process ends', async () => {
    await using directory = await freshDirectory()
    const store = await openLmdbStore({ directory: directory.path })
    await append(store, 'a', story())
    await store.close()
    const whole = await withTables(directory.path, indexesOf)
    await withTables(directory.path, (tables) => forget(tables, undefined))
    const sizes: number[] = [0]
    for (let more = true; more;) {
      more = await withTables(directory.path, (tables) => tables.root.transactionSync(() => indexSome(tables, 'a')))
      sizes.push(sizesOf(await withTables(directory.path, indexesOf)).reduce((sum, size) => sum + size))
    }
    const steps = sizes.slice(1).map((size, i) => size - (sizes[i] ?? 0))
    expect(steps.length).toBeGreaterThan(5)
    expect(Math.max(...steps)).toBeLessThan(600)
    expect(await withTables(directory.path, indexesOf)).toEqual(whole)
  })
})

test('a tenant that is dropped leaves nothing in the indexes', async () => {
  await using directory = await freshDirectory()
  const store = await openLmdbStore({ directory: directory.path })
  await append(store, 'a', story())
  await append(store, 'b', [draft([put('posts/1', 1)], { actor: 'ann' })])
  await store.drop('a')
  await store.close()
  const { actors, writes, deletes } = await withTables(directory.path, indexesOf)
  expect([actors, writes, deletes]).toEqual([[[2, 'ann', 1]], [[2, 'posts', 1]], []])
})

describe('a page of the past reads of the log', () => {
  test('the commits that it returns, and at most one more for each two conditions that meet', async () => {
    await using directory = await freshDirectory()
    const store = await openLmdbStore({ directory: directory.path })
    await append(store, 't', [
      ...story(),
      ...Array.from({ length: 12 }, (_, i) => draft([put(`wide/${i}`, 2)], { actor: i % 4 === 0 ? 'ann' : 'bob' })),
      ...Array.from({ length: 500 }, (_, i) => draft([put(`late/${i}`, 1)], { actor: 'bob' })),
    ])
    await store.close()
    await withTables(directory.path, (opened) => {
      const counted = countingLog(opened)
      const view = { tables: counted.tables, tenant: opened.tenants.get('t') as TenantRow, purges: new Map() }
      const reads = (read: () => { readonly length: number }): readonly number[] => {
        counted.reads = 0
        return [read().length, counted.reads]
      }
      const log = (range: object) => () => readLogRows(view, { ...LAST_TEN, ...range }).rows
      expect(reads(log({ actor: 'ann' }))).toEqual([9, 9])
      expect(reads(log({ below: [['wide']] }))).toEqual([10, 11])
      expect(reads(log({ below: [['quiet']] }))).toEqual([2, 2])
      expect(reads(log({ below: [['wide']], actor: 'ann' }))).toEqual([3, 3])
      expect(reads(log({ below: [['quiet']], actor: 'bob' }))).toEqual([0, 0])
      const history = (range: object) => () => readHistoryRows(view, path('wide/4'), { ...LAST_TEN, ...range }).rows
      expect(reads(history({}))).toEqual([2, 2])
      expect(reads(history({ actor: 'ann' }))).toEqual([1, 2])
      expect(reads(history({ actor: 'eve' }))).toEqual([0, 0])
    })
  })

  test('nothing of other collections, as of a moment after which its own changed little', async () => {
    await using directory = await freshDirectory()
    const store = await openLmdbStore({ directory: directory.path })
    await append(store, 't', [
      draft(Array.from({ length: 900 }, (_, i) => put(`posts/${i}`, 1))),
      draft(Array.from({ length: 890 }, (_, i) => remove(`posts/${i}`, 2))),
      ...Array.from({ length: 500 }, (_, i) => draft([put(`other/${i}`, 1)])),
      draft([put('posts/895', 2), put('posts/new', 1), put('posts/5', 3)]),
    ])
    await store.close()
    await withTables(directory.path, (opened) => {
      const counted = countingLog(opened)
      const view = { tables: counted.tables, tenant: opened.tenants.get('t') as TenantRow, purges: new Map() }
      const range = { kind: 'collection', path: ['posts'], limit: { rows: 100, bytes: 1e9 }, skips: 5 } as const
      const { more, ...page } = listDocuments(view, range, 2)
      const rows = page.rows.map(decodedAtOnce)
      expect([rows.length, more]).toEqual([10, false])
      // The three commits of the collection, and the versions of two documents as of then.
      expect(counted.reads).toBeLessThanOrEqual(5)
      expect(listDocuments(view, range, 400).rows.map(decodedAtOnce)).toEqual(rows)
    })
  })

  test('no tombstone, as of a moment after which little was deleted but much written', async () => {
    await using directory = await freshDirectory()
    const store = await openLmdbStore({ directory: directory.path })
    await append(store, 't', [
      draft(Array.from({ length: 900 }, (_, i) => put(`posts/${i}`, 1))),
      draft(Array.from({ length: 890 }, (_, i) => remove(`posts/${i}`, 2))),
      ...Array.from({ length: 500 }, (_, i) => draft([put('posts/899', i + 2)])),
      draft([remove('posts/895', 2), remove('posts/896', 2)]),
      draft([put('posts/896', 3)]),
    ])
    await store.close()
    await withTables(directory.path, (opened) => {
      const counted = countingLog(opened)
      const view = { tables: counted.tables, tenant: opened.tenants.get('t') as TenantRow, purges: new Map() }
      const range = { kind: 'collection', path: ['posts'], limit: { rows: 100, bytes: 1e9 }, skips: 1 } as const
      for (const reverse of [false, true]) {
        counted.reads = 0
        const { more, ...page } = listDocuments(view, { ...range, reverse }, 100)
        const rows = page.rows.map(decodedAtOnce)
        expect([texts(rows), more]).toEqual([Array.from({ length: 10 }, (_, i) => `posts/${890 + i}`), false])
        expect(rows.map(({ version }) => version)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 99])
        // The commit that deleted, the first two of the collection, and three versions as of then.
        expect(counted.reads).toBeLessThanOrEqual(6)
      }
    })
  })
})

/** Tables of which it is counted how many rows of the log are read. */
function countingLog(opened: LmdbTables): { readonly tables: LmdbTables; reads: number } {
  const log = Object.create(opened.log, {
    getBinaryFast: {
      value: (key: Key) => {
        counted.reads++
        return opened.log.getBinaryFast(key)
      },
    },
  }) as LmdbTables['log']
  const counted = { tables: { ...opened, log }, reads: 0 }
  return counted
}
