import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'
import { liveFeeder } from '../support/shape/follower.ts'
import { runScenario, sumOf, type ShapeCounts } from '../support/shape/run.ts'
import { scenario } from '../support/shape/stage.ts'

/**
 * The design of Electric's oracle test (https://electric-sql.com): generated shapes, random writes, and clients that
 * die, come back, and whose server restarts and forgets. The long form is TIDEMARK_SHAPES=20000.
 */
const SHAPES = Number(process.env['TIDEMARK_SHAPES'] ?? 400)
const SHAPES_PER_RUN = 10
const STEPS_PER_RUN = 60
/** Runs side by side, each in a tenant of its own: their commits share the flushes. */
const LANES = 4
/** For shrinking what failed. */
const ASSERT_MS = 60_000

describe('clients of live on the embedded store', () => {
  test(
    `show what a fresh read shows whenever they are up to date: ${SHAPES} shapes under random writes and faults`,
    async () => {
      await using directory = await freshDirectory()
      const store = await openLmdbStore({ directory: directory.path })
      const all: ShapeCounts[] = []
      let tenants = 0
      const property = fc.asyncProperty(scenario(SHAPES_PER_RUN, STEPS_PER_RUN), async (one) => {
        const { broken, counts } = await runScenario(store, `t${++tenants}`, one, liveFeeder)
        expect(broken).toEqual([])
        all.push(counts)
      })
      const numRuns = Math.ceil(SHAPES / SHAPES_PER_RUN / LANES)
      try {
        await Promise.all(
          Array.from({ length: LANES }, () =>
            fc.assert(property, { numRuns, interruptAfterTimeLimit: ASSERT_MS + SHAPES * 100 }),
          ),
        )
      } finally {
        await store.close()
      }
      const counts = sumOf(all)
      expect(all.length * SHAPES_PER_RUN).toBeGreaterThanOrEqual(SHAPES)
      // Of each of these there is much in any run; without them it would show nothing.
      for (const count of Object.values(counts)) expect(count).toBeGreaterThan(SHAPES / 4)
    },
    120_000 + SHAPES * 200,
  )
})
