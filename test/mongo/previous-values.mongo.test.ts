import { expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { openEngine } from '../../src/db/engine.ts'
import type { MongoStore } from '../../src/store/mongo/mongo-store.ts'
import { pull } from '../support/database/pull.ts'
import { describeMongo } from '../support/mongo/suite.ts'
import type { Doc } from '../support/mongo/wire.ts'
import { commit, put } from '../support/store/drafts.ts'

const NOTES = Array.from({ length: 100 }, (_, i) => `notes/${i}`)

/** Whether a command reads versions by their numbers. */
const readsVersions = ({ filter }: Doc): boolean => filter !== undefined && 'ops.k' in (filter as Doc)

async function databaseOn(store: MongoStore): Promise<Database> {
  const engine = await openEngine(store)
  onTestFinished(() => engine.close())
  return engine.database('default', { actor: null })
}

describeMongo('values before, on MongoDB', (mongo) => {
  test('followers that need the values which a commit replaced cost one query, not one for each value', async () => {
    const writer = await mongo.open({ callMs: 30_000 })
    for (const half of [NOTES.slice(0, 50), NOTES.slice(50)]) {
      await commit(
        writer,
        'default',
        half.map((text) => put(text, 1, { n: 1 })),
      )
    }
    const db = await databaseOn(await mongo.open({ callMs: 30_000 }))
    const feeds = ['value.n == 1', 'value.n < 2'].map((where) => db.changes(['notes'], { where, replica: 'FULL' }))
    for (const feed of feeds) await pull(feed)
    const finds = mongo.server.proxy.record('find')
    await commit(
      writer,
      'default',
      NOTES.map((text) => put(text, 2, { n: 2 })),
    )
    for (const feed of feeds) {
      const { changes } = await pull(feed)
      expect(changes).toHaveLength(NOTES.length)
      expect(
        changes.every(({ reason, before }) => reason === 'MOVED_OUT' && JSON.stringify(before) === '{"n":1}'),
      ).toBe(true)
    }
    finds.stop()
    expect(finds.commands.filter(readsVersions)).toHaveLength(1)
  }, 60_000)
})
