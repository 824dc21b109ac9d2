import { expect, test } from 'vitest'
import { DatabaseError } from '../../src/core/error.ts'
import type { Write } from '../../src/core/version.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { Range, Store } from '../../src/store/store.ts'
import { seedOfTest } from '../support/seed.ts'
import { draft, path, purge, put, remove } from '../support/store/drafts.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'

const COMMITS = 400

/** Where the documents lie: more commits than are looked at one by one are made in `posts`, fewer elsewhere. */
const COLLECTIONS = ['posts', 'posts', 'posts', 'posts', 'posts/1/notes', 'quiet']

/** Numbers below a bound, the same for a seed. */
function random(seed: number): (below: number) => number {
  let state = (seed % 2_147_483_646) + 1
  return (below) => (state = (state * 48_271) % 2_147_483_647) % below
}

/** What a read gives, or the code of its refusal. */
async function outcomeOf(read: Promise<unknown>): Promise<unknown> {
  try {
    return await read
  } catch (error) {
    if (error instanceof DatabaseError) return error.code
    throw error
  }
}

/** All pages of a range as of a revision, as texts, or the refusal of one. */
async function readAll(store: Store, kind: 'list' | 'paths', range: Range, at: number): Promise<unknown> {
  const seen: unknown[] = []
  for (let rest = range; ;) {
    const page = await store[kind]('t', rest, at)
    seen.push(...page.rows)
    if (page.next === undefined) return seen
    rest = range.reverse === true ? { ...rest, before: page.next } : { ...rest, after: page.next }
  }
}

test('the embedded store reads what purges and retention left as the memory store does, near and far', async () => {
  const next = random(seedOfTest())
  await using directory = await freshDirectory()
  const stores = [new MemoryStore(), await openLmdbStore({ directory: directory.path })] as const
  const versions = new Map<string, number>()
  const write = (text: string): Write => {
    const version = (versions.get(text) ?? 0) + 1
    versions.set(text, version)
    const kind = version === 1 ? 9 : next(40)
    return kind < 2 ? purge(text, version) : kind < 14 ? remove(text, version) : put(text, version)
  }
  const pick = (): string => `${COLLECTIONS[next(COLLECTIONS.length)]}/${next(12)}`
  for (let i = 0; i < COMMITS; i++) {
    const writes = [...new Set(Array.from({ length: 1 + next(2) }, pick))].map(write)
    const one = draft(writes, { id: `commit-${i}`, actor: ['ada', 'bob'][next(2)] ?? null, digest: 'd' })
    for (const store of stores) await store.append('t', [one])
    if (next(60) === 0) while (await stores[1].erase('t'));
  }
  const thinned = [...versions.keys()].filter(() => next(2) === 0)
  for (const store of stores) {
    await store.raiseFloor('t', COMMITS / 2)
    for (const text of thinned) while ((await store.thin('t', [{ path: path(text), keep: 6 }])).more);
  }
  for (let i = 0; i < 600; i++) {
    const at = next(COMMITS + 1)
    const range: Range = {
      kind: next(2) === 0 ? 'collection' : 'below',
      path: path(['posts', 'posts/1/notes', 'quiet'][next(3)] ?? ''),
      deleted: next(2) === 0,
      reverse: next(2) === 0,
      limit: { rows: 1 + next(20), bytes: 1e6 },
    }
    for (const kind of ['list', 'paths'] as const) {
      const [expected, found] = await Promise.all(stores.map((store) => outcomeOf(readAll(store, kind, range, at))))
      expect([at, range, kind, found]).toEqual([at, range, kind, expected])
    }
    const parents = [[], path('posts/1')]
    const [expected, found] = await Promise.all(stores.map((store) => store.collections('t', parents, at)))
    expect([at, found]).toEqual([at, expected])
  }
  for (const actor of ['ada', undefined]) {
    for (const below of [undefined, [path('posts')], [path('quiet')], [path('posts/1/notes'), path('posts/3')]]) {
      const range = { after: 0, actor, below, limit: { rows: 1_000, bytes: 1e9 }, skips: 10_000 }
      const logs = await Promise.all(stores.map((store) => store.log('t', range)))
      expect(logs[1]?.commits).toEqual(logs[0]?.commits)
    }
  }
  for (const store of stores) await store.close()
})
