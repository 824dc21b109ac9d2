import { expect, it } from 'vitest'
import type { Database, DocumentPage, PageOptions } from '../../src/core/database.ts'
import { LIMITS, type Limits } from '../../src/core/limits.ts'
import { jsonBytes } from '../../src/core/value.ts'
import { openEngine } from '../../src/db/engine.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import { wrapped } from './store-wrappers.ts'

async function withDatabase(store: Store, limits: Partial<Limits>, use: (db: Database) => Promise<void>): Promise<void> {
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

it.each<Way>(['first', 'last'])('a page of the past ends by its bytes, however many deleted documents lie between its rows: %s', async (way) => {
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
    for (const page of bytes) expect(page.length === 1 || page.reduce((sum, each) => sum + each, 0) <= 4_000, JSON.stringify(bytes)).toBe(true)
    expect(bytes.length).toBeLessThan(sizes.length)
    expect(nodesOf(pages, way)).toEqual(sizes.map((_, i) => `${name(i, 0)}@1`))
  })
})
