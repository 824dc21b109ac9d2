import { expect, test } from 'vitest'
import type { Database, DocumentPage } from '../../src/core/database.ts'
import type { PageOptions } from '../../src/core/database/options.ts'
import { LIMITS, type Limits } from '../../src/core/limits.ts'
import { jsonBytes } from '../../src/core/json/value.ts'
import { openEngine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { wrapped } from './store-wrappers.ts'

async function withDatabase(
  store: Store,
  limits: Partial<Limits>,
  use: (db: Database) => Promise<void>,
): Promise<void> {
  const engine = await openEngine(store, { limits: { ...LIMITS, ...limits } })
  try {
    await use(engine.database('default', { actor: null }))
  } finally {
    await engine.close()
  }
}

type Way = 'first' | 'last'
type Read = (options: PageOptions) => Promise<DocumentPage>

/** All pages one after another, from one end to the other. */
async function pagesOf(read: Read, way: Way, rows: number): Promise<readonly DocumentPage[]> {
  const pages: DocumentPage[] = []
  for (let place: string | undefined; pages.length < 200;) {
    const page = await read(way === 'first' ? { first: rows, after: place } : { last: rows, before: place })
    pages.push(page)
    if (!(way === 'first' ? page.hasNextPage : page.hasPreviousPage)) return pages
    place = (way === 'first' ? page.endCursor : page.startCursor) ?? undefined
  }
  throw new Error('The pages have no end.')
}

function nodesOf(pages: readonly DocumentPage[], way: Way): readonly string[] {
  const ordered = way === 'first' ? pages : pages.toReversed()
  return ordered.flatMap(({ edges }) => edges.map(({ node }) => `${node.path}@${node.version}`))
}

const sizes = [900, 900, 900, 900, 900, 10, 10, 10, 10, 3_000, 1_500, 6_000, 10, 4_100, 900, 3_300, 10]
const name = (i: number, k: number): string => `a/${String(i).padStart(2, '0')}-${k}`

test.each<Way>(['first', 'last'])(
  'a page of the past ends by its bytes, however many deleted documents lie between its rows: %s',
  async (way) => {
    const memory = new MemoryStore()
    // So few are passed over in one slice that most slices end by them.
    const store = wrapped(memory, { list: (tenant, range, at) => memory.list(tenant, { ...range, skips: 2 }, at) })
    await withDatabase(store, { pageBytes: 4_000 }, async (db) => {
      for (const [i, size] of sizes.entries()) {
        await db.put(name(i, 0), 'x'.repeat(size))
        for (let k = 1; k < 4; k++) await db.put(name(i, k), 1)
        for (let k = 1; k < 4; k++) await db.delete(name(i, k))
      }
      const { cursor } = await db.put('b/1', 1)
      await db.put('b/1', 2)
      const pages = await pagesOf((options) => db.documents('a', { ...options, asOf: { cursor } }), way, 10)
      const bytes = pages.map(({ edges }) => edges.map(({ node }) => jsonBytes(node.value)))
      for (const page of bytes) {
        expect(page.length === 1 || page.reduce((sum, each) => sum + each, 0) <= 4_000, JSON.stringify(bytes)).toBe(
          true,
        )
      }
      expect(bytes.length).toBeLessThan(sizes.length)
      expect(nodesOf(pages, way)).toEqual(sizes.map((_, i) => `${name(i, 0)}@1`))
    })
  },
)

const COMMITS: readonly (readonly string[])[] = [
  ['other/1'],
  ['other/1', 'other/2'],
  ['a/1'],
  ['other/1'],
  ['a/1', 'other/1', 'a/2', 'a/1/b/1', 'a/3'],
  ['other/2'],
  ['other/2', 'a/4'],
  ['other/1'],
  ['a/2', 'a/1/b/1', 'a/1'],
  ['a/1', 'a/2'],
  ['other/3'],
  ['other/3'],
]

/** Place in the log that a page cursor stands for. */
function placeIn(cursor: string | null): number {
  const [revision = NaN, index = NaN] = Buffer.from(cursor ?? '', 'base64url')
    .toString()
    .replace('place:', '')
    .split('.')
    .map(Number)
  return revision + index / 1e6
}

const tiny = [1, 2, 3].flatMap((searchedCommits) =>
  [1, 2, 3, 10].flatMap((rows) => (['first', 'last'] as const).map((way) => ({ searchedCommits, rows, way }))),
)

test.each(tiny)(
  'each page of a history that says there is more goes further than the one before: %j',
  async ({ searchedCommits, rows, way }) => {
    await withDatabase(new MemoryStore(), { searchedCommits }, async (db) => {
      const times: string[] = []
      for (const [i, paths] of COMMITS.entries()) {
        times.push(
          (await db.transact(paths.map((path) => ({ kind: 'put', path, value: { i, field: i % 3, b: [] } })))).at,
        )
      }
      for (const [path, isMeant] of [
        ['a', /^a\//],
        ['a/1/b', /^a\/1\/b\//],
        ['a/1', /^a\/1$/],
      ] as const) {
        const pages = await pagesOf((options) => db.history(path, options), way, rows)
        const meant = COMMITS.flatMap((paths, i) =>
          paths.filter((text) => isMeant.test(text)).map((text) => `${i + 1} ${text}`),
        )
        const ordered = way === 'first' ? pages : pages.toReversed()
        expect(
          ordered.flatMap(({ edges }) =>
            edges.map(({ node }) => `${node.value !== null && (node.value as { i: number }).i + 1} ${node.path}`),
          ),
        ).toEqual(meant)
      }
      for (const path of ['a', 'a/1/b', 'a/1', 'a/1/field', 'none']) {
        const places = (await pagesOf((options) => db.history(path, { ...options, from: times[0] }), way, rows))
          .slice(0, -1)
          .map((page) => placeIn(way === 'first' ? page.endCursor : page.startCursor))
        const ascending = way === 'first' ? places : places.toReversed()
        expect(
          ascending.every((place, i) => i === 0 || place > (ascending[i - 1] ?? NaN)),
          `${path}: ${places.join(' ')}`,
        ).toBe(true)
      }
    })
  },
)
