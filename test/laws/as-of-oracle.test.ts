import { describe, expect, test } from 'vitest'
import type { Revision } from '../../src/core/version.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { PathPage, Range, Store } from '../../src/store/store.ts'
import { compareAsOf, type Differences } from '../support/past/as-of-run.ts'
import { seedOfTest } from '../support/seed.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'
import { ReadsThePastOneLate } from '../support/store/reads-the-past-one-late.ts'

/** The long form is TIDEMARK_ORACLE_COMMITS=100000: then there are 1,000 moments. */
const COMMITS = Number(process.env['TIDEMARK_ORACLE_COMMITS'] ?? 1_000)
const MOMENTS = Math.min(1_000, Math.ceil(COMMITS / 40))
/** The memory store filters its whole log at each read: it gets fewer commits. */
const MEMORY = { commits: Math.min(COMMITS, 600), moments: 20 }

function expectSame({ questions, wrong }: Differences, moments: number): void {
  process.stdout.write(`${JSON.stringify(questions)}\n`)
  expect(wrong.slice(0, 3)).toEqual([])
  expect(Object.keys(questions)).toHaveLength(10)
  expect(questions['moments']).toBeGreaterThan(moments / 2)
}

describe('every read as of a moment gives what the oracle had then', () => {
  test(
    `on the embedded store: ${COMMITS} commits`,
    async () => {
      await using directory = await freshDirectory()
      const store = await openLmdbStore({ directory: directory.path })
      const differences = await compareAsOf(store, { seed: seedOfTest(), commits: COMMITS, moments: MOMENTS })
      await store.close()
      expectSame(differences, MOMENTS)
    },
    30_000 + COMMITS * 30,
  )

  test(`in memory: ${MEMORY.commits} commits`, async () => {
    expectSame(await compareAsOf(new MemoryStore(), { seed: seedOfTest(), ...MEMORY }), MEMORY.moments)
  }, 60_000)
})

class CountsTheDeleted extends MemoryStore {
  override paths(tenant: string, range: Range, at?: Revision): Promise<PathPage> {
    return super.paths(tenant, { ...range, deleted: true }, at)
  }
}

class ForgetsTheLevels extends MemoryStore {
  override paths(tenant: string, range: Range, at?: Revision): Promise<PathPage> {
    return super.paths(tenant, { ...range, levels: undefined }, at)
  }
}

test.each([ReadsThePastOneLate, CountsTheDeleted, ForgetsTheLevels])('a planted bug is found: %o', async (Bug) => {
  const store: Store = new Bug()
  const { wrong } = await compareAsOf(store, { seed: seedOfTest(), commits: 300, moments: 20 })
  expect(wrong.length).toBeGreaterThan(0)
})
