import { expect, test } from 'vitest'
import { compareAsOf } from '../support/past/as-of-run.ts'
import { describeMongo } from '../support/mongo/suite.ts'
import { seedOfTest } from '../support/seed.ts'

/** The stand-in reads a whole table for each range; TIDEMARK_ORACLE_MONGO_COMMITS asks for more. */
const COMMITS = Number(process.env['TIDEMARK_ORACLE_MONGO_COMMITS'] ?? 100)
const MOMENTS = Math.min(1_000, Math.ceil(COMMITS / 40))

describeMongo('reads as of a moment on MongoDB', (mongo) => {
  test(
    `give what the oracle had then: ${COMMITS} commits`,
    async () => {
      const store = await mongo.open()
      const { questions, wrong } = await compareAsOf(store, { seed: seedOfTest(), commits: COMMITS, moments: MOMENTS })
      process.stdout.write(`${JSON.stringify(questions)}\n`)
      expect(wrong.slice(0, 3)).toEqual([])
      expect(questions['moments']).toBeGreaterThan(0)
    },
    60_000 + COMMITS * 1_000,
  )
})
