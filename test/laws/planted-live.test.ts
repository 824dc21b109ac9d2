import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { BUGS, naiveLive, type Bug } from '../support/shape/naive-live.ts'
import { runScenario } from '../support/shape/run.ts'
import { scenario, type Scenario } from '../support/shape/stage.ts'

/**
 * Positive controls: the scenarios and judges of shapes.test.ts on a `live` that is simple and right, and on the same
 * with a bug that somebody once made. Each bug names the laws that must catch it, so that a judge that falls asleep is
 * noticed.
 */
const RUNS = 12
/** A planted bug is found after a few runs, by chance; these are many more than it ever took. */
const RUNS_PER_CONTROL = 100

const CAUGHT_BY: Readonly<Record<Bug, RegExp>> = {
  'snapshot before subscribe': /: true: /,
  'dropped on a full queue': /: true: /,
  'resumes one too late': /: true: /,
  'resumes one too early': /: resumes: /,
  'fresh cursor at the threshold': /: true: /,
  'leaving is not told': /: true: .* shows /,
  'leaving is told as UPDATE': /: true: .* shows /,
  'entering is not told': /: true: .* does not show /,
  'a gap is not told': /: resets: /,
  'half a snapshot is taken for a whole one': /: resets: /,
  'up to date before the snapshot is whole': /: true: /,
  'a reset is up to date before its snapshot': /: unbroken: /,
  'NEW and DELETE make NEW': /: true: /,
  'NEW and DELETE make DELETE': /: told: /,
  'DELETE and NEW make NEW': /: told: /,
  'UPDATE and DELETE make UPDATE': /: true: /,
  'always begins anew': /: resumes: /,
}

/** What is wrong with a run of one scenario. A run that fails for another reason is none in which the bug was found. */
async function brokenIn(one: Scenario, bug: Bug | null): Promise<readonly string[]> {
  const store = new MemoryStore()
  try {
    return (await runScenario(store, 'default', one, (database, shape) => naiveLive(database, shape, bug))).broken
  } catch (error) {
    if (bug === null) throw error
    return []
  } finally {
    await store.close()
  }
}

async function brokenBy(bug: Bug): Promise<boolean> {
  const property = fc.asyncProperty(
    scenario(8, 50),
    async (one) => !(await brokenIn(one, bug)).some((sentence) => CAUGHT_BY[bug].test(sentence)),
  )
  return (await fc.check(property, { numRuns: RUNS_PER_CONTROL, endOnFailure: true })).failed
}

describe('a client of a simple live', () => {
  test('without a planted bug shows what a fresh read shows', async () => {
    const property = fc.asyncProperty(scenario(8, 50), async (one) => {
      expect(await brokenIn(one, null)).toEqual([])
    })
    await fc.assert(property, { numRuns: RUNS })
  }, 60_000)

  for (const bug of BUGS) {
    test(`in which ${bug} is planted is found out`, async () => {
      expect(await brokenBy(bug)).toBe(true)
    }, 60_000)
  }
})
