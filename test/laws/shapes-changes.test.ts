import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'
import { runChanges, type ChangesCounts } from '../support/shape/changes.ts'
import { scenario } from '../support/shape/stage.ts'

/**
 * The scenarios of shapes.test.ts for followers of `changes`, judged by the log that was recorded. The long form is
 * TIDEMARK_SHAPES=20000.
 */
const SHAPES = Number(process.env['TIDEMARK_SHAPES'] ?? 400)
const SHAPES_PER_RUN = 10
const STEPS_PER_RUN = 60
/** Runs side by side, each in a tenant of its own: their commits share the flushes. */
const LANES = 4
/** For shrinking what failed. */
const ASSERT_MS = 60_000

describe('followers of changes on the embedded store', () => {
  test(
    `see every change of their shape once and in order, enter and leave included: ${SHAPES} shapes under random faults`,
    async () => {
      await using directory = await freshDirectory()
      const store = await openLmdbStore({ directory: directory.path })
      const all: ChangesCounts[] = []
      let tenants = 0
      const property = fc.asyncProperty(scenario(SHAPES_PER_RUN, STEPS_PER_RUN), async (one) => {
        const { broken, counts } = await runChanges(store, `t${++tenants}`, one)
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
      expect(all.length * SHAPES_PER_RUN).toBeGreaterThanOrEqual(SHAPES)
      // Of each of these there is much in any run; without them it would show nothing.
      for (const name of ['sessions', 'changes', 'movedIn', 'movedOut', 'heartbeats'] as const) {
        expect([name, all.reduce((sum, counts) => sum + counts[name], 0) > SHAPES / 4]).toEqual([name, true])
      }
    },
    120_000 + SHAPES * 200,
  )
})
