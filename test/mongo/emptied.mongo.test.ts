import { expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { openEngine } from '../../src/db/engine.ts'
import type { MongoStore } from '../../src/store/mongo/mongo-store.ts'
import { databaseOf, settled } from '../support/mongo/database.ts'
import { Follower } from '../support/mongo/follower.ts'
import { describeMongo, type MongoSuite } from '../support/mongo/suite.ts'
import { ALL, appendError, commit, draft, path, put } from '../support/store/drafts.ts'
import { until } from '../support/time/until.ts'

const TENANT = 'acme'

const REPLACED = expect.objectContaining({
  code: 'UNAVAILABLE',
  message: expect.stringContaining('The data was replaced while the server ran; start it again.') as unknown,
}) as unknown

const failure = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error)

async function indexNames(mongo: MongoSuite, collection: string): Promise<readonly string[]> {
  const indexes = await databaseOf(mongo)
    .collection(collection)
    .indexes()
    .catch(() => [])
  return indexes.map(({ name = '' }) => name).toSorted((a, b) => a.localeCompare(b))
}

async function databaseOn(store: MongoStore): Promise<Database> {
  const engine = await openEngine(store)
  onTestFinished(() => engine.close())
  return engine.database(TENANT, { actor: null })
}

describeMongo('a database that is emptied under a running process', (mongo) => {
  test.each([0, 2])('refuses all calls, and has nothing of it afterwards (after %i commits)', async (count) => {
    const [store, db] = [await mongo.open(), databaseOf(mongo)]
    await store.heads(TENANT, [])
    for (let i = 1; i <= count; i++) await commit(store, TENANT, [put('posts/1', i)])
    await settled(db, TENANT, count)
    await db.dropDatabase()
    expect(await appendError(store, TENANT, [draft([put('posts/2', 1)])])).toEqual(REPLACED)
    expect(await failure(store.heads(TENANT, [path('posts/1')]))).toEqual(REPLACED)
    expect(await failure(store.versions(TENANT, [{ path: path('posts/1'), version: 1 }], 1))).toEqual(REPLACED)
    expect(await db.collection('log').countDocuments()).toBe(0)
    const fresh = await mongo.open()
    expect((await commit(fresh, TENANT, [put('posts/2', 1)])).revision).toBe(1)
    expect(await failure(store.log(TENANT, { after: 0, limit: ALL }))).toEqual(REPLACED)
    expect(await db.collection('log').countDocuments()).toBe(1)
  })

  test('a poll that finds the tenant gone does not bring it to life again', async () => {
    const [store, db] = [await mongo.open({ safetyPollMs: 20 }), databaseOf(mongo)]
    const follower = await Follower.start(store, TENANT)
    onTestFinished(() => follower[Symbol.asyncDispose]())
    await commit(store, TENANT, [put('posts/1', 1)])
    await until(() => expect(follower.revisions).toEqual([1]))
    await db.dropDatabase()
    await until(async () => expect(await failure(store.heads(TENANT, []))).toEqual(REPLACED))
    expect(await db.collection('meta').countDocuments()).toBe(0)
  })

  test('no write gets a cursor of an earlier life, nor does one that is repeated', async () => {
    const [here, there] = [await mongo.open(), await mongo.open()]
    const db = await databaseOn(here)
    const before = await db.put('posts/1', 1)
    await there.drop(TENANT)
    const after = await databaseOn(await mongo.open())
    const { cursor } = await after.put('posts/2', 2, { key: 'k' })
    expect(cursor.split('.')[0]).not.toBe(before.cursor.split('.')[0])
    expect(await failure(db.put('posts/3', 3))).toEqual(REPLACED)
    expect(await failure(db.put('posts/2', 2, { key: 'k' }))).toEqual(REPLACED)
  })

  test('its indexes are made again when the change stream is open again', async () => {
    const store = await mongo.open()
    const names = [await indexNames(mongo, 'log'), await indexNames(mongo, 'heads')]
    expect(names.map(({ length }) => length)).toEqual([7, 2])
    const follower = await Follower.start(store, TENANT)
    onTestFinished(() => follower[Symbol.asyncDispose]())
    await until(() => expect(mongo.server.proxy.streams.open).toBe(1))
    await databaseOf(mongo).dropDatabase()
    mongo.server.proxy.streams.ending = 'invalidate'
    await until(async () => expect([await indexNames(mongo, 'log'), await indexNames(mongo, 'heads')]).toEqual(names))
  })

  test('an index that a page names and that is missing is made again, and the page read', async () => {
    const store = await mongo.open()
    await commit(store, TENANT, [put('posts/1', 1)])
    await settled(databaseOf(mongo), TENANT, 1)
    await databaseOf(mongo).collection('heads').dropIndexes()
    mongo.server.proxy.refuse('find', 2, { errmsg: 'hint provided does not correspond to an existing index' })
    const { rows } = await store.list(TENANT, { kind: 'collection', path: ['posts'], limit: ALL })
    expect([rows.length, await indexNames(mongo, 'heads')]).toEqual([1, ['_id_', 't_1_live_1__id_1']])
  })
})
