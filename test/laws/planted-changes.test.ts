import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { runChanges } from '../support/shape/changes.ts'
import { scenario, type Scenario } from '../support/shape/stage.ts'
import { spoiledFeeder, type ChangesBug } from '../support/shape/spoiled-changes.ts'

/**
 * Positive controls: the scenarios and judges of shapes-changes.test.ts on `changes` with a bug before it. Each bug
 * names the law that must catch it, so that a judge that falls asleep is noticed.
 */
const CAUGHT_BY: Readonly<Record<ChangesBug, RegExp>> = {
  'snapshot before subscribe': /: reliable: .* is missing/,
  'skipped on a full queue': /: reliable: .* is missing/,
  'resumes one too late': /: resumable: .* is missing/,
  'resumes one too early': /: unique: .* came twice/,
  'fresh cursor at the threshold': /: bookmarkable: /,
  'leaving is not told': /: reliable: .* is missing/,
  'leaving is told as UPDATE': /: reliable: .* is not what the log has: .*MOVED_OUT/,
  'entering is not told': /: reliable: .* is missing/,
  'entering is told as UPDATE': /: reliable: .* is not what the log has: .*MOVED_IN/,
  'what left keeps its value': /: reliable: .* is not what the log has: .*secret/,
  'a heartbeat has the newest cursor': /: bookmarkable: /,
}

/** A planted bug is found after a few runs, by chance; these are many more than it ever took. */
const RUNS_PER_CONTROL = 100

/**
 * Whether the law breaks that must catch the bug. A run that fails for another reason (a cursor that lies ahead) is
 * none in which it was found.
 */
async function brokenBy(bug: ChangesBug): Promise<boolean> {
  const isCaught = async (one: Scenario): Promise<boolean> => {
    const store = new MemoryStore()
    const { broken } = await runChanges(store, 'default', one, spoiledFeeder(bug)).catch(() => ({ broken: [] }))
    await store.close()
    return broken.some((sentence) => CAUGHT_BY[bug].test(sentence))
  }
  const property = fc.asyncProperty(scenario(8, 50), async (one) => !(await isCaught(one)))
  return (await fc.check(property, { numRuns: RUNS_PER_CONTROL, endOnFailure: true })).failed
}

describe('a follower of changes with a shape', () => {
  for (const bug of Object.keys(CAUGHT_BY) as ChangesBug[]) {
    test(`in which ${bug} is planted is found out`, async () => {
      expect(await brokenBy(bug)).toBe(true)
    }, 60_000)
  }
})
