import { expect, test } from 'vitest'
import type { MongoStore } from '../../src/store/mongo/mongo-store.ts'
import { databaseOf, KINDS, pretend, settled } from '../support/mongo/database.ts'
import { describeMongo, type MongoSuite } from '../support/mongo/suite.ts'
import { ALL, appendError, draft } from '../support/store/drafts.ts'

const TENANT = 'acme'
/** More than one page of the log that a store reads when it catches up. */
const BEHIND = 520

/** Appends so many commits that write nothing. */
async function grow(store: MongoStore, count: number): Promise<void> {
  await store.append(
    TENANT,
    Array.from({ length: count }, () => draft([])),
  )
}

async function makeHole(mongo: MongoSuite, n: number): Promise<void> {
  const { deletedCount } = await databaseOf(mongo).collection<{ readonly n: number }>('log').deleteOne({ n })
  expect(deletedCount).toBe(1)
}

function damage(revision: number): unknown {
  return expect.objectContaining({
    code: 'UNAVAILABLE',
    message: expect.stringContaining(`revision ${revision} is missing`) as string,
    details: expect.objectContaining({ damage: `revision ${revision} is missing` }) as unknown,
  }) as unknown
}

/** What a call is answered, and how many finds that cost. */
async function asked(mongo: MongoSuite, call: () => Promise<unknown>): Promise<[unknown, number]> {
  const finds = mongo.server.proxy.record('find')
  const answer = await call().catch((error: unknown) => error)
  finds.stop()
  return [answer, finds.commands.length]
}

describeMongo('a log with a hole', (mongo) => {
  const log = (store: MongoStore, after = 0) => store.log(TENANT, { after, limit: ALL })

  test('a process that opens it says which revision is missing, at once and without trying again', async () => {
    await grow(await mongo.open({ callMs: 30_000 }), 40 + BEHIND)
    await makeHole(mongo, 30)
    const store = await mongo.open({ callMs: 30_000 })
    for (const call of [() => log(store), () => appendError(store, TENANT, [draft([])])]) {
      const [answer, finds] = await asked(mongo, call)
      expect(answer).toEqual(damage(30))
      expect(finds).toBeLessThan(8)
    }
  }, 60_000)

  test('a process that has read less says so when it reads on, and nobody else', async () => {
    const [writer, reader] = [await mongo.open({ callMs: 30_000 }), await mongo.open({ callMs: 30_000 })]
    await grow(writer, 10)
    await log(reader)
    await grow(writer, 10 + BEHIND)
    await makeHole(mongo, 15)
    const [answer, finds] = await asked(mongo, () => log(reader))
    expect(answer).toEqual(damage(15))
    expect(finds).toBeLessThan(8)
    expect(await log(writer, 500)).toMatchObject({ last: 20 + BEHIND })
  }, 60_000)

  // One draft; drafts that reach over the hole; and drafts that reach to the last commit behind it.
  test.each(KINDS.flatMap((kind) => [1, 5, 10].map((drafts) => ({ kind, drafts }))))(
    'it is not filled by a process that has read up to it ($drafts drafts, $kind)',
    async ({ kind, drafts }) => {
      pretend(mongo, kind)
      const [writer, here, db] = [await mongo.open(), await mongo.open(), databaseOf(mongo)]
      await grow(writer, 10)
      await log(here)
      await grow(writer, 10)
      await makeHole(mongo, 11)
      const appended = await here.append(
        TENANT,
        Array.from({ length: drafts }, () => draft([], { at: 2_000 })),
      )
      expect(appended).toEqual(
        Array.from({ length: drafts }, () => ({
          kind: 'failed',
          error: expect.objectContaining({
            details: { damage: 'revision 11 is missing', outcome: 'NOT_DONE' },
          }) as unknown,
        })),
      )
      const rows = await db.collection('log').find().toArray()
      expect(rows.map(({ n }) => Number(n)).toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: 20 }, (_, i) => i + 1).filter((n) => n !== 11),
      )
    },
  )

  test.each([false, true])(
    'a page from the log has no hole, though its process saw the whole (reverse: %s)',
    async (reverse) => {
      const writer = await mongo.open({ callMs: 30_000 })
      await grow(writer, 40)
      await settled(databaseOf(mongo), TENANT, 40)
      const store = await mongo.open({ callMs: 30_000 })
      await log(store)
      await makeHole(mongo, 15)
      const range = { after: 5, before: 30, reverse, limit: ALL }
      expect((await asked(mongo, () => store.log(TENANT, range)))[0]).toEqual(damage(15))
    },
    60_000,
  )

  test.each(KINDS.slice(1))('the next commit is missed, whatever is behind it (%s)', async (kind) => {
    pretend(mongo, kind)
    const [writer, reader] = [await mongo.open({ callMs: 30_000 }), await mongo.open({ callMs: 30_000 })]
    await grow(writer, 10)
    await log(reader)
    await grow(writer, 10)
    await makeHole(mongo, 11)
    expect((await asked(mongo, () => log(reader)))[0]).toEqual(damage(11))
  })
})
