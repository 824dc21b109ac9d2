import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { BUGS, naiveLive, type Bug } from '../support/naive-live.ts'
import { runScenario } from '../support/shape-run.ts'
import { scenario } from '../support/shape-stage.ts'

/**
 * Positive controls: the scenarios and judges of shapes.test.ts on a `live` that is simple and right, and on the same with
 * a bug that somebody once made. Each bug names the laws that must catch it, so that a judge that falls asleep is noticed.
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
  'NEW and DELETE make NEW': /: true: /,
  'NEW and DELETE make DELETE': /: told: /,
  'DELETE and NEW make NEW': /: told: /,
  'UPDATE and DELETE make UPDATE': /: true: /,
  'always begins anew': /: resumes: /,
}

async function brokenBy(bug: Bug | null, numRuns: number, sought: RegExp): Promise<boolean> {
  const property = fc.asyncProperty(scenario(8, 50), async (one) => {
    const store = new MemoryStore()
    const { broken } = await runScenario(store, 'default', one, (database, shape) => naiveLive(database, shape, bug))
    await store.close()
    if (bug === null) expect(broken).toEqual([])
    return !broken.some((sentence) => sought.test(sentence))
  })
  const { failed, errorInstance } = await fc.check(property, { numRuns, endOnFailure: true })
  if (errorInstance instanceof Error && bug === null) throw errorInstance
  return failed
}

describe('a client of a simple live', () => {
  it('without a planted bug shows what a fresh read shows', async () => {
    expect(await brokenBy(null, RUNS, /./)).toBe(false)
  }, 60_000)

  for (const bug of BUGS) {
    it(`in which ${bug} is planted is found out`, async () => {
      expect(await brokenBy(bug, RUNS_PER_CONTROL, CAUGHT_BY[bug])).toBe(true)
    }, 60_000)
  }
})
