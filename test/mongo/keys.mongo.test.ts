import { randomUUID } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import type { Database, WriteResult } from '../../src/core/database.ts'
import { DatabaseError } from '../../src/core/error.ts'
import { openEngine } from '../../src/db/engine.ts'
import { describeMongo, type MongoSuite } from '../support/mongo/suite.ts'
import { elapse } from '../support/time/elapse.ts'

/** Writes that are tried again with their keys, each through another process. */
const RETRIES = Number(process.env['TIDEMARK_KEY_RETRIES'] ?? 60)

/** Writes of the document `posts/<id>` that are refused on the state after them. */
const WRITES: readonly ((db: Database, id: string, key: string) => Promise<WriteResult>)[] = [
  (db, id, key) => db.post('posts', 1, { id, key }),
  (db, id, key) => db.put(`posts/${id}`, 2, { expect: { version: 1 }, key }),
  (db, id, key) => db.delete(`posts/${id}`, { key }),
]

async function engineOn(mongo: MongoSuite): Promise<Database> {
  const engine = await openEngine(await mongo.open())
  onTestFinished(() => engine.close())
  return engine.database('default', { actor: null })
}

describeMongo('MongoDB with writes that are tried again through another process', (mongo) => {
  test('each attempt with the same key is answered with the same commit, none is refused', async ({ annotate }) => {
    const [here, there] = [await engineOn(mongo), await engineOn(mongo)]
    const refused: string[] = []
    let repeated = 0
    for (let i = 0; i < RETRIES; i++) {
      const [id, key] = [String(Math.floor(i / WRITES.length)), randomUUID()]
      const write = WRITES[i % WRITES.length]
      const first = write?.(here, id, key)
      // The second attempt begins at any moment of the first.
      await elapse((7 * i) % 40)
      const answers = await Promise.allSettled([first, write?.(there, id, key)])
      for (const answer of answers) {
        if (answer.status === 'fulfilled') expect(answer.value?.id).toBe(key)
        else refused.push(answer.reason instanceof DatabaseError ? answer.reason.code : String(answer.reason))
      }
      if (answers.some((answer) => answer.status === 'fulfilled' && answer.value?.repeated === true)) repeated += 1
    }
    await annotate(
      `${RETRIES} retries: ${repeated} answered as repeated, ${refused.length} refused (${refused.join(' ')})`,
    )
    expect(refused).toEqual([])
  }, 600_000)
})
