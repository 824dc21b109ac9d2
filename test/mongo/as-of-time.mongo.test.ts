import { expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { openEngine } from '../../src/db/engine.ts'
import { describeMongo, type MongoSuite } from '../support/mongo/suite.ts'
import { readRepeatedly } from '../support/writers/repeated-reads.ts'

const READS = Number(process.env['TIDEMARK_TIME_READS'] ?? 4)

/** A process with a connection and a clock of its own. */
async function serverOn(mongo: MongoSuite, aheadMs: number): Promise<Database> {
  const engine = await openEngine(await mongo.open(), { now: () => Date.now() + aheadMs })
  onTestFinished(() => engine.close())
  return engine.database('default', { actor: null })
}

describeMongo('reads as of a time on MongoDB', (mongo) => {
  test('a write on a quiet tenant is read as of its time at once, through both servers, and stays', async () => {
    const [a, b] = [await serverOn(mongo, 0), await serverOn(mongo, -500)]
    const { at } = await a.put('x/1', 1)
    expect([await a.get('x/1', { asOf: { time: at } }), await b.get('x/1', { asOf: { time: at } })]).toEqual([1, 1])
    await b.put('x/1', 2)
    expect([await a.get('x/1', { asOf: { time: at } }), await b.get('x/1', { asOf: { time: at } })]).toEqual([1, 1])
  })

  test(`under load of two servers no read gives another answer later: ${READS} reads of each kind`, async () => {
    const told = await readRepeatedly([await serverOn(mongo, 0), await serverOn(mongo, 40)], READS)
    expect(told).toEqual(Object.fromEntries(Object.keys(told).map((kind) => [kind, { reads: READS, different: 0 }])))
  }, 120_000)
})
