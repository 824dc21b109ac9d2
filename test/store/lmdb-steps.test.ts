import fc from 'fast-check'
import type { Key } from 'lmdb'
import { expect, onTestFinished, test, vi } from 'vitest'
import { listDocuments } from '../../src/store/lmdb/read/list.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { decodedAtOnce } from '../../src/store/lmdb/read/stored-row.ts'
import { closeTables, openTables, type LmdbTables } from '../../src/store/lmdb/tables.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { SKIPS, type Draft, type Range, type Store } from '../../src/store/store.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'
import { ALL, draft, path, put, remove, texts } from '../support/store/drafts.ts'

const COUNT = 4_000
const id = (i: number): string => `posts/${String(i).padStart(4, '0')}`
const numbers = Array.from({ length: COUNT }, (_, i) => i)
/** One in the middle, and the last one. */
const lives = (i: number): boolean => i === COUNT / 2 || i === COUNT - 1

/** A collection of which most documents are deleted, and more deletes below it than are undone one by one. */
async function withTombs(use: (store: Store) => Promise<void>): Promise<void> {
  await using directory = await freshDirectory()
  const store = await openLmdbStore({ directory: directory.path })
  try {
    await store.append('t', [
      draft(numbers.map((i) => put(id(i), 1))),
      draft(numbers.filter((i) => !lives(i)).map((i) => remove(id(i), 2))),
    ])
    const note = `${id(COUNT - 1)}/notes/1`
    await store.append(
      't',
      Array.from({ length: 200 }, (_, i) => draft([i % 2 === 0 ? put(note, i + 1) : remove(note, i + 1)])),
    )
    await use(store)
  } finally {
    await store.close()
  }
}

/** Rows and whether there is more, page by page. */
async function pages(store: Store, at: number): Promise<readonly (readonly string[])[]> {
  const found: (readonly string[])[] = []
  for (let after: readonly string[] | undefined; ;) {
    const page = await store.list('t', { kind: 'collection', path: ['posts'], after, limit: ALL }, at)
    found.push(texts(page.rows))
    if (page.next === undefined) return found
    after = page.next
  }
}

test('one step over what was deleted before, or came later, is bounded, wherever the past lies', async () => {
  await withTombs(async (store) => {
    const live = numbers.filter(lives).map(id)
    const before = await pages(store, 2)
    expect(before.flat()).toEqual(live)
    expect(before.length).toBeGreaterThanOrEqual(Math.floor(COUNT / SKIPS))
    expect(before[0]).toEqual([])
    expect((await pages(store, 0)).flat()).toEqual([])
  })
})

test('of a near past nothing that was deleted before is looked at: a page costs what the latest does', async () => {
  await withTombs(async (store) => {
    const at = (await store.log('t', { after: 0, reverse: true, limit: ALL })).last
    await store.append('t', [draft([put(id(5_000), 1)]), draft([remove(id(COUNT - 1), 2)]), draft([put(id(0), 3)])])
    expect(await pages(store, at)).toEqual([numbers.filter(lives).map(id)])
    expect(await pages(store, at + 3)).toEqual([[id(0), id(COUNT / 2), id(5_000)]])
  })
})

test('which collections there were is known, also where all of their documents came later', async () => {
  await withTombs(async (store) => {
    await store.append('t', [draft(numbers.map((i) => put(`posts/0000/late/${i}`, 1)))])
    await store.append(
      't',
      Array.from({ length: 70 }, (_, i) => draft([put(`more/${i}`, 1)])),
    )
    const seen = await Promise.all([2, 202, 203, 210].map((at) => store.collections('t', [path('posts/0000')], at)))
    expect(seen).toEqual([[[]], [[]], [['late']], [['late']]])
  })
})

const place = fc.constantFrom(
  'posts/1',
  'posts/10',
  'posts/2',
  'posts/a',
  'posts/1/x/1',
  'posts/1/x/2',
  'posts/1/x/1/y/1',
  'posts-x/1',
  'p/1',
)
const ranges = fc.record({
  kind: fc.constantFrom('collection', 'below'),
  path: fc.constantFrom(['posts'], ['posts', '1', 'x'], ['posts', '1']),
  reverse: fc.boolean(),
  deleted: fc.boolean(),
  after: fc.option(place.map(path), { nil: undefined }),
  before: fc.option(place.map(path), { nil: undefined }),
  limit: fc.record({ rows: fc.integer({ min: 1, max: 5 }), bytes: fc.constant(1e9) }),
}) satisfies fc.Arbitrary<Range>

/** Commits before those of a story, and after them. */
const NOISE = 140

/** Drafts that write and delete these documents in turn, between so many writes of another one, or deletes too. */
function story(places: readonly string[], other: string, deletes: boolean): readonly Draft[] {
  const versions = new Map<string, number>()
  const written = places.map((text, i) => {
    const version = (versions.get(text) ?? 0) + 1
    versions.set(text, version)
    return draft([version % 2 === 0 ? remove(text, version) : put(text, version, { i })])
  })
  const noise = (name: string): readonly Draft[] =>
    Array.from({ length: NOISE }, (_, i) =>
      draft([deletes && i % 2 === 1 ? remove(`${other}/${name}`, i + 1) : put(`${other}/${name}`, i + 1)]),
    )
  return [...noise('before'), ...written, ...noise('behind')]
}

test('a past that lies far reads as the oracle has it: any range, any page', async () => {
  await using directory = await freshDirectory()
  const store = await openLmdbStore({ directory: directory.path })
  let tenants = 0
  const property = fc.asyncProperty(
    fc.array(place, { minLength: 5, maxLength: 25 }),
    fc.array(ranges, { minLength: 6, maxLength: 6 }),
    fc.constantFrom('posts/1/zz', 'posts', 'other'),
    fc.boolean(),
    async (places, asked, other, deletes) => {
      const [oracle, tenant] = [new MemoryStore(), `t${tenants++}`]
      const drafts = story(places, other, deletes)
      for (const each of [oracle, store]) await each.append(tenant, drafts)
      for (const [i, range] of asked.entries()) {
        const at = NOISE + Math.floor((i * places.length) / asked.length)
        expect(await store.list(tenant, range, at)).toEqual(await oracle.list(tenant, range, at))
      }
      const documents = [path('posts/1'), path('posts/1/x/1')]
      expect(await store.collections(tenant, documents, NOISE + 5)).toEqual(
        await oracle.collections(tenant, documents, NOISE + 5),
      )
    },
  )
  await fc.assert(property, { numRuns: 100 })
  await store.close()
})

test('of a near past, what was written since is read only while it is little', async () => {
  await using directory = await freshDirectory()
  const store = await openLmdbStore({ directory: directory.path })
  await store.append('t', [draft(numbers.map((i) => put(id(i), 1)))])
  await store.append(
    't',
    Array.from({ length: 40 }, (_, i) => draft([put('posts/x/notes/1', i + 1, 'x'.repeat(100_000))])),
  )
  await store.append(
    't',
    Array.from({ length: 40 }, (_, i) => draft([put('posts/x/notes/2', i + 1, 'x'.repeat(1_000))])),
  )
  await store.close()
  const opened = openTables({ directory: directory.path, mapSizeBytes: 2 ** 30 })
  const counted = countingLog(opened)
  const tenant = opened.tenants.get('t')
  if (tenant === undefined) throw new Error('The tenant is gone.')
  const listed = (at: number): { readonly ids: readonly string[]; readonly bytes: number } => {
    counted.bytes = 0
    const { rows } = listDocuments(
      { tables: counted.tables, tenant, purges: new Map() },
      { kind: 'collection', path: ['posts'], limit: { rows: 100, bytes: 1e9 } },
      at,
    )
    return { ids: texts(rows.map(decodedAtOnce)), bytes: counted.bytes }
  }
  const ids = numbers.slice(0, 100).map(id)
  expect(listed(81)).toEqual({ ids, bytes: 0 })
  const near = listed(51)
  const far = listed(20)
  expect([near.ids, far.ids]).toEqual([ids, ids])
  // The first commit, which is looked at too, has about 210,000 bytes.
  expect(near.bytes).toBeLessThan(250_000)
  expect(far.bytes).toBeLessThan(600_000)
  closeTables(opened)
})

test('a page of versions of one large commit copies its row twice, not for each of them', async () => {
  await using directory = await freshDirectory()
  const store = await openLmdbStore({ directory: directory.path })
  const written = numbers.slice(0, 200)
  await store.append('t', [draft(written.map((i) => put(id(i), 1, 'x'.repeat(1_000))))])
  await store.append('t', [draft(written.map((i) => remove(id(i), 2)))])
  await store.close()
  const opened = openTables({ directory: directory.path, mapSizeBytes: 2 ** 30 })
  const counted = countingLog(opened)
  const tenant = opened.tenants.get('t')
  if (tenant === undefined) throw new Error('The tenant is gone.')
  const view = { tables: counted.tables, tenant, purges: new Map(), largeRows: new Map() }
  const range = { kind: 'collection', path: ['posts'], limit: { rows: 1_000, bytes: 1e9 } } as const
  const rows = listDocuments(view, range, 1).rows.map(decodedAtOnce)
  expect(texts(rows)).toEqual(written.map(id))
  expect(rows.every(({ value }) => value === 'x'.repeat(1_000))).toBe(true)
  // Once more to see what was written since.
  expect(counted.bytes).toBeLessThan(4 * 250_000)
  closeTables(opened)
})

test('the values of a page are decoded in several turns of the event loop, where they take long', async () => {
  await using directory = await freshDirectory()
  await using store = await openedStore(directory.path)
  await store.append('t', [draft(numbers.map((i) => put(id(i), 1)))])
  // Each look at the clock takes a millisecond.
  let [now, turns] = [performance.now(), 0]
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => ++now)
  onTestFinished(() => {
    spy.mockRestore()
  })
  const turnsOf = async <T>(read: Promise<T>): Promise<T> => {
    let isOver = false
    const tick = (): void => {
      turns++
      if (!isOver) setImmediate(tick)
    }
    turns = 0
    setImmediate(tick)
    const result = await read
    isOver = true
    return result
  }
  const least = COUNT / 10
  const limit = { rows: COUNT, bytes: 1e9 }
  const list = await turnsOf(store.list('t', { kind: 'collection', path: ['posts'], limit }))
  expect(list.rows).toHaveLength(COUNT)
  expect(turns).toBeGreaterThan(least)
  const { rows } = await turnsOf(store.heads('t', numbers.map(id).map(path)))
  expect([rows.length, rows[7]?.path]).toEqual([COUNT, path(id(7))])
  expect(turns).toBeGreaterThan(least)
  const { commits } = await turnsOf(store.log('t', { after: 0, limit: ALL }))
  expect(commits[0]?.versions).toHaveLength(COUNT)
  expect(turns).toBeGreaterThan(least)
  await turnsOf(
    store.find(
      't',
      commits.map((commit) => commit.id),
    ),
  )
  expect(turns).toBeGreaterThan(least)
})

async function openedStore(directory: string): Promise<Store & AsyncDisposable> {
  const store = await openLmdbStore({ directory })
  return Object.assign(store, { [Symbol.asyncDispose]: () => store.close() })
}

/** Tables of which it is counted how many bytes of the log are read. */
function countingLog(opened: LmdbTables): { readonly tables: LmdbTables; bytes: number } {
  const log = Object.create(opened.log, {
    getBinaryFast: {
      value: (key: Key) => {
        const row = opened.log.getBinaryFast(key)
        counted.bytes += row?.length ?? 0
        return row
      },
    },
  }) as LmdbTables['log']
  const counted = { tables: { ...opened, log }, bytes: 0 }
  return counted
}
