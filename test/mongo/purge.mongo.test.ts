import { MongoClient } from 'mongodb'
import { expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { openEngine, type EngineOptions } from '../../src/db/engine.ts'
import { keptPasts } from '../contract/database/kept-past.ts'
import { purges } from '../contract/database/purges.ts'
import { retentions } from '../contract/database/retention.ts'
import { reading, reasons, type OpenDatabase } from '../contract/database/subject.ts'
import { describeMongo, type MongoSuite } from '../support/mongo/suite.ts'
import { MongoConnection } from '../../src/store/mongo/mongo-connection.ts'
import type { Store } from '../../src/store/store.ts'
import type { Doc } from '../support/mongo/wire.ts'
import { ALL, commit, path, purge, put } from '../support/store/drafts.ts'
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
  }
  purges(subject)
  retentions(subject)
  keptPasts(subject)
})

describeMongo('purges of the store on MongoDB', (mongo) => {
  const isOfVersions = (command: Doc): boolean =>
    command['find'] === 'log' && JSON.stringify(command['filter']).includes('"ops.p"')

  test.each([
    ['history', (store: Store) => store.history('default', path('posts/1'), { limit: ALL })],
    ['heads', (store: Store) => store.heads('default', [path('posts/1')], 1)],
  ])('a %s whose rows were read before the erasing shows marks', async (_, read) => {
    const store = await mongo.open()
    await commit(store, 'default', [put('posts/1', 1, 'secret')])
    await commit(store, 'default', [purge('posts/1', 2)])
    const held = mongo.server.proxy.holdReply('find', isOfVersions)
    const reading = read(store)
    const release = await held
    while (await store.erase('default'));
    // The store forgets what is erased.
    await store.log('default', { after: 0, limit: ALL })
    release()
    const { rows } = await reading
    expect(rows[0]).toMatchObject({ revision: 1, value: null, purged: true })
  })
})

describeMongo('the row of a tenant on MongoDB', (mongo) => {
  test('keeps each of many updates that are made at once', async () => {
    const client = (): MongoClient => new MongoClient(mongo.server.url)
    const options = { connect: client, database: mongo.database, readMs: 5_000, lostMs: 10_000 }
    const connection = new MongoConnection(options)
    onTestFinished(() => connection.close())
    const notes = Array.from({ length: 20 }, (_, i) => `note-${i}`)
    await connection.meta.insertOne({ _id: 'one', epoch: 'e', applied: 0, floor: 0, dead: [] })
    await Promise.all(notes.map((note) => connection.updateMeta({ _id: 'one' }, { $addToSet: { purging: note } })))
    const row = await connection.meta.findOne({ _id: 'one' })
    expect(row?.purging?.toSorted()).toEqual(notes.toSorted())
  })
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
