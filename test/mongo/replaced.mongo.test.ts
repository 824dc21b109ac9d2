import type { Db } from 'mongodb'
import { expect, onTestFinished, test } from 'vitest'
import type { DatabaseError } from '../../src/core/error.ts'
import type { MongoStore } from '../../src/store/mongo/mongo-store.ts'
import { databaseOf, KINDS, pretend, settled } from '../support/mongo/database.ts'
import { describeMongo } from '../support/mongo/suite.ts'
import type { Doc } from '../support/mongo/wire.ts'
import { ALL, appendError, commit, draft, path, put } from '../support/store/drafts.ts'
import { until } from '../support/time/until.ts'

const TENANT = 'acme'

interface Row {
  readonly _id: string
  readonly n: number
}

/** Copies the database; the result restores it as it is now. */
async function backUp(db: Db): Promise<() => Promise<void>> {
  const copies = await Promise.all(
    ['log', 'heads', 'meta'].map(async (name) => ({ name, rows: await db.collection(name).find().toArray() })),
  )
  return async () => {
    for (const { name, rows } of copies) {
      await db.collection(name).deleteMany({})
      await db.collection(name).insertMany(rows)
    }
  }
}

async function revisions(db: Db): Promise<readonly number[]> {
  const rows = await db.collection<Row>('log').find().toArray()
  return rows.map(({ n }) => Number(n)).toSorted((a, b) => a - b)
}

const oneTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)

/** Commits of posts/1 as its versions from one number to another. */
async function write(store: MongoStore, from: number, to: number): Promise<void> {
  for (let version = from; version <= to; version++) await commit(store, TENANT, [put('posts/1', version)])
}

const REPLACED = expect.objectContaining({
  code: 'UNAVAILABLE',
  message: expect.stringContaining('The data was replaced while the server ran; start it again.') as unknown,
}) as unknown

/** What each use of a store is answered. */
async function answers(store: MongoStore): Promise<readonly unknown[]> {
  const calls: readonly (() => Promise<unknown>)[] = [
    () => appendError(store, TENANT, [draft([put('posts/2', 1)])]),
    () => store.heads(TENANT, [path('posts/1')]),
    () => store.log(TENANT, { after: 0, limit: ALL }),
    () => appendError(store, TENANT, [draft([put('posts/3', 1)])]),
  ]
  const told: unknown[] = []
  for (const call of calls) told.push(await call().catch((error: unknown) => error))
  return told
}

/** Writes up to the revision `last`, and puts back the data as it was at the revision `backedUp`. */
async function writeAndRestore(
  store: MongoStore,
  db: Db,
  { backedUp, last }: { readonly backedUp: number; readonly last: number },
): Promise<void> {
  await write(store, 1, backedUp)
  await settled(db, TENANT, backedUp)
  const restore = await backUp(db)
  await write(store, backedUp + 1, last)
  await settled(db, TENANT, last)
  await restore()
}

describeMongo('data that is replaced under a running process', (mongo) => {
  test.each(KINDS)('a restored backup: nothing is read from memory, and no write acknowledged (%s)', async (kind) => {
    pretend(mongo, kind)
    const [store, db] = [await mongo.open(), databaseOf(mongo)]
    await writeAndRestore(store, db, { backedUp: 6, last: 10 })
    expect(await answers(store)).toEqual([REPLACED, REPLACED, REPLACED, REPLACED])
    expect(await revisions(db)).toEqual(oneTo(6))
    const fresh = await mongo.open()
    await write(fresh, 7, 7)
    expect(await answers(store)).toEqual([REPLACED, REPLACED, REPLACED, REPLACED])
    expect([await revisions(db), (await fresh.heads(TENANT, [path('posts/1')])).revision]).toEqual([oneTo(7), 7])
  })

  test.each(KINDS)('a restored backup that others have written on is as one that is shorter (%s)', async (kind) => {
    pretend(mongo, kind)
    const [store, db] = [await mongo.open(), databaseOf(mongo)]
    await writeAndRestore(store, db, { backedUp: 6, last: 8 })
    const fresh = await mongo.open()
    await write(fresh, 7, 10)
    expect(await answers(store)).toEqual([REPLACED, REPLACED, REPLACED, REPLACED])
    expect(await revisions(db)).toEqual(oneTo(10))
  })

  test.each([
    ['answered', 'NOT_DONE'],
    ['lost', 'UNKNOWN'],
  ] as const)('a write that was withdrawn from it, with its reply %s, is %s', async (reply, outcome) => {
    const [store, db] = [await mongo.open(), databaseOf(mongo)]
    await writeAndRestore(store, db, { backedUp: 6, last: 8 })
    if (reply === 'lost') mongo.server.proxy.timeOutMajority('insert')
    // A draft that expects nothing is inserted before anything is read.
    const error = (await appendError(store, TENANT, [draft([])])) as DatabaseError
    expect([error, error.details['outcome']]).toEqual([REPLACED, outcome])
    expect(await revisions(db)).toEqual(oneTo(6))
  })

  test('heads of commits that a restored backup has not are not written', async () => {
    const told: string[] = []
    const store = await mongo.open({ onStatus: (line) => void told.push(line) })
    const db = databaseOf(mongo)
    await write(store, 1, 6)
    await settled(db, TENANT, 6)
    const restore = await backUp(db)
    await write(store, 7, 8)
    await restore()
    // The janitor looks at them after a second.
    await until(() => expect(told).toHaveLength(1))
    expect(told[0]).toContain('The data was replaced while the server ran')
    expect(await db.collection('heads').find().toArray()).toMatchObject([{ v: 6 }])
    expect(await db.collection('meta').findOne()).toMatchObject({ applied: 6 })
  })

  test('reads that are behind what was acknowledged are not taken for a replaced log', async () => {
    const store = await mongo.open()
    await write(store, 1, 2)
    // A new primary may answer majority reads without the last commits for a moment; never linearizable ones.
    let lagged = 0
    mongo.server.proxy.alter('find', (reply, { find, readConcern }) => {
      if (find !== 'log' || (readConcern as Doc | undefined)?.['level'] !== 'majority') return reply
      lagged += 1
      return { ...reply, cursor: { ...(reply['cursor'] as Doc), firstBatch: [] } }
    })
    onTestFinished(() => mongo.server.proxy.alter('find', null))
    expect(await store.heads(TENANT, [path('posts/1')])).toMatchObject({ revision: 2, rows: [{ version: 2 }] })
    expect((await commit(store, TENANT, [put('posts/1', 3)])).revision).toBe(3)
    expect(lagged).toBeGreaterThan(0)
  })
})
