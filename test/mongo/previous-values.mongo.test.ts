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

  test('a feed for which they cannot be read for a while gives each change once, in order, when they can', async () => {
    const writer = await mongo.open()
    for (const version of [1, 2, 3]) await commit(writer, 'default', [put(`notes/${version}`, 1, { n: 1 })])
    const db = await databaseOn(await mongo.open({ callMs: 2_000 }))
    const feed = db.changes(['notes'], { where: 'value.n == 1', heartbeatMs: 100 })
    await pull(feed)
    const { proxy } = mongo.server
    // More than one call tries.
    for (let i = 0; i < 40; i++) proxy.refuse('find', 91, { isMeant: readsVersions })
    const seen: string[] = []
    const see = async (count: number): Promise<void> => {
      while (seen.length < count) {
        const { changes } = await pull(feed)
        seen.push(...changes.map(({ path, reason }) => `${path} ${reason}`))
      }
    }
    for (const version of [1, 2, 3]) await commit(writer, 'default', [put(`notes/${version}`, 2, { n: 2 })])
    await see(3)
    await commit(writer, 'default', [put('notes/1', 3, { n: 1 })])
    await see(4)
    expect(seen).toEqual(['notes/1 MOVED_OUT', 'notes/2 MOVED_OUT', 'notes/3 MOVED_OUT', 'notes/1 MOVED_IN'])
  }, 60_000)
})
