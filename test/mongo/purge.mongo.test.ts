import { expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { openEngine, type EngineOptions } from '../../src/db/engine.ts'
import { keptPasts } from '../contract/database/kept-past.ts'
import { purges } from '../contract/database/purges.ts'
import { retentions } from '../contract/database/retention.ts'
import { reading, reasons, type OpenDatabase } from '../contract/database/subject.ts'
import { describeMongo, type MongoSuite } from '../support/mongo/suite.ts'
import { until } from '../support/time/until.ts'

async function openDatabase(mongo: MongoSuite, options: EngineOptions = {}): Promise<OpenDatabase> {
  const engine = await openEngine(await mongo.open(), options)
  onTestFinished(() => engine.close())
  const as = (actor: string | null): Database => engine.database('default', { actor })
  return { db: as(null), as, dispose: () => engine.close() }
}

describeMongo('database on MongoDB', (mongo) => {
  const subject = {
    name: 'MongoDB',
    open: (options?: EngineOptions) => openDatabase(mongo, options),
    skip: [{ law: 'KP6', reason: 'a known defect: one time in three, something comes back that is purged meanwhile' }],
  }
  purges(subject)
  retentions(subject)
  keptPasts(subject)
})

describeMongo('two servers on MongoDB', (mongo) => {
  test('what one server purges is in no answer of the other, whatever that had in memory', async () => {
    const [{ db: here }, { db: there }] = [await openDatabase(mongo), await openDatabase(mongo)]
    const { cursor: after } = await here.put('posts/0', 'before')
    for (let i = 0; i < 20; i++) await here.put('posts/1', { secret: `tide-${i}` }, { key: `tide-key-${i}` })
    const texts: string[] = []
    const keep = (answer: unknown): void => void texts.push(JSON.stringify(answer))
    await reading(there.live(['posts'], { after, replica: 'FULL' }), async (reader) => {
      await until(async () => expect((await there.history('posts/1')).edges).toHaveLength(20))
      await reader.upToDate()
      await here.purge('posts/1')
      await until(async () => expect((await reader.next()).changes).not.toEqual([]))
      expect(reasons(reader.batches.at(-1) ?? { changes: [] })).toEqual(['DELETE PURGED posts/1@21'])
    })
    keep(await there.history('posts/1'))
    keep(await there.log(['posts'], { after }))
    for (let version = 1; version <= 21; version++) {
      keep(await there.document('posts/1', { asOf: { version }, deleted: true }))
    }
    await reading(there.changes(['posts'], { after, replica: 'FULL' }), async (reader) => {
      await reader.upToDate()
      expect(reader.batches.flatMap((batch) => reasons(batch))).toHaveLength(21)
      keep(reader.batches)
    })
    expect(texts.join('\n')).not.toContain('tide-')
  })
})
