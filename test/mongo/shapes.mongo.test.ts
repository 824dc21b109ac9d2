import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Store } from '../../src/store/store.ts'
import { describeMongo, type MongoSuite } from '../support/mongo/suite.ts'
import { seedOfTest } from '../support/seed.ts'
import { runChanges } from '../support/shape/changes.ts'
import { runScenario } from '../support/shape/run.ts'
import { scenario, type Scenario } from '../support/shape/stage.ts'

/**
 * test/laws/shapes.test.ts and shapes-changes.test.ts here: many shapes in few runs, for each moment is read again to
 * judge it.
 */
const SHAPES_PER_RUN = 100
const STEPS_PER_RUN = 30
const RUNS = 2

type Run = (
  store: Store,
  tenant: string,
  one: Scenario,
) => Promise<{ readonly broken: readonly string[]; readonly counts: object }>

/** Runs side by side, each in a tenant of its own. What breaks is not shrunk, for that would take long. */
async function runAll(mongo: MongoSuite, run: Run): Promise<Readonly<Record<string, number>>> {
  const store = await mongo.open({ callMs: 30_000 })
  const scenarios = fc.sample(scenario(SHAPES_PER_RUN, STEPS_PER_RUN), { numRuns: RUNS, seed: seedOfTest() })
  const sums: Record<string, number> = {}
  await Promise.all(
    scenarios.map(async (one, i) => {
      const { broken, counts } = await run(store, `t${i}`, one)
      expect({ run: i, broken }).toEqual({ run: i, broken: [] })
      for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + Number(count)
    }),
  )
  return sums
}

describeMongo('shapes on MongoDB', (mongo) => {
  test(`clients of live show what a fresh read shows when up to date: ${RUNS * SHAPES_PER_RUN} shapes`, async () => {
    const sums = await runAll(mongo, runScenario)
    expect(sums).toMatchObject(seen(['sessions', 'upToDates', 'resets', 'movedIn', 'movedOut', 'shown']))
  }, 300_000)

  test(`followers of changes see each change of a shape once, in order: ${RUNS * SHAPES_PER_RUN} shapes`, async () => {
    const sums = await runAll(mongo, runChanges)
    expect(sums).toMatchObject(seen(['sessions', 'changes', 'movedIn', 'movedOut']))
  }, 300_000)
})

/** Without these a run would show nothing. */
function seen(names: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(names.map((name) => [name, expect.toSatisfy((count: number) => count > 0)]))
}
