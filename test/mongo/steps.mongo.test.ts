import { MongoClient } from 'mongodb'
import { expect, onTestFinished, test } from 'vitest'
import { openEngine } from '../../src/db/engine.ts'
import type { MongoStore } from '../../src/store/mongo/mongo-store.ts'
import { describeMongo, type MongoSuite } from '../support/mongo/suite.ts'
import type { Doc } from '../support/mongo/wire.ts'
import { ALL, commit, draft, path, put } from '../support/store/drafts.ts'
import { until } from '../support/time/until.ts'

const TENANT = 'acme'

/** A store that begins with everything in the heads, and nothing of the log in memory. */
async function reopened(mongo: MongoSuite, revision: number): Promise<MongoStore> {
  const client = new MongoClient(mongo.server.url)
  onTestFinished(() => client.close())
  const meta = client.db(mongo.database).collection<{ readonly _id: string; readonly applied: number }>('meta')
  await until(async () => expect((await meta.findOne({ _id: TENANT }))?.applied).toBe(revision))
  const store = await mongo.open({ callMs: 30_000 })
  await store.heads(TENANT, [])
  return store
}

/** What the server is asked while `read` runs, beside looks at the log's next key and at the tenant's row. */
async function asked(mongo: MongoSuite, read: () => Promise<unknown>): Promise<readonly string[]> {
  const recording = mongo.server.proxy.record('find')
  await read()
  recording.stop()
  const shapes = recording.commands.map(
    ({ find, filter }) =>
      `${String(find)} by ${Object.keys(filter as Doc)
        .filter((key) => key !== 't')
        .join()}`,
  )
  return shapes.filter((shape) => shape !== 'log by _id' && shape !== 'meta by _id').toSorted()
}

describeMongo('searches on MongoDB', (mongo) => {
  test.each([20, 200])(
    'writes of a quiet collection are found by two queries of documents and one of the log, beside %i commits',
    async (count) => {
      const first = await mongo.open({ callMs: 30_000 })
      await first.append(TENANT, [draft([put('quiet/1', 1)]), draft([put('quiet/1', 2), put('other/1', 1)])])
      await first.append(
        TENANT,
        Array.from({ length: count }, (_, i) => draft([put('other/1', i + 2)])),
      )
      const store = await reopened(mongo, count + 2)
      const revisions: number[] = []
      const finds = await asked(mongo, async () => {
        const { commits } = await store.log(TENANT, { after: 0, below: [['quiet']], reverse: true, limit: ALL })
        revisions.push(...commits.map(({ revision }) => revision))
      })
      expect([revisions, finds]).toEqual([
        [1, 2],
        ['heads by _id', 'heads by _id', 'log by ops.p,n'],
      ])
    },
    60_000,
  )

  /** Writes of 260 documents, then 20 commits of which every seventh writes one of them. */
  async function many(): Promise<void> {
    const first = await mongo.open({ callMs: 30_000 })
    await first.append(TENANT, [draft(Array.from({ length: 260 }, (_, i) => put(`many/${i}`, 1)))])
    await first.append(
      TENANT,
      Array.from({ length: 20 }, (_, i) =>
        draft([i % 7 === 3 ? put(`many/${i}`, 2) : put(`other/${i}`, 1)], { actor: i % 10 === 3 ? 'ann' : 'bob' }),
      ),
    )
  }

  /** Revisions, page by page, of the commits below `many`. */
  async function walk(store: MongoStore, reverse: boolean): Promise<readonly (readonly number[])[]> {
    const pages: (readonly number[])[] = []
    for (let from: number | undefined = reverse ? 22 : 0; from !== undefined;) {
      const bound = reverse ? { after: 0, before: from } : { after: from }
      const page = await store.log(TENANT, { ...bound, below: [['many']], skips: 8, reverse, limit: ALL })
      pages.push(page.commits.map(({ revision }) => revision))
      from = page.next
    }
    return pages
  }

  test.each([false, true])(
    'writes among many documents are found by one query of their collection (from the back: %s)',
    async (reverse) => {
      await many()
      const store = await reopened(mongo, 21)
      let pages: readonly unknown[] = []
      const finds = await asked(mongo, async () => {
        pages = await walk(store, reverse)
      })
      expect(pages).toEqual([[1, 5, 12, 19]])
      expect(finds.filter((shape) => shape.startsWith('log'))).toEqual(['log by $or'])
    },
    60_000,
  )

  test.each([false, true])(
    'commits that do not say their collections are looked at, so many a page (from the back: %s)',
    async (reverse) => {
      await many()
      const client = new MongoClient(mongo.server.url)
      onTestFinished(() => client.close())
      const log = client.db(mongo.database).collection<{ readonly _id: string; readonly n: number }>('log')
      await log.updateMany({ n: { $lt: 20 } }, { $unset: { c: '' } })
      const pages = await walk(await reopened(mongo, 21), reverse)
      const found = reverse ? pages.toReversed().flat() : pages.flat()
      expect([found, pages.length > 1]).toEqual([[1, 5, 12, 19], true])
    },
    60_000,
  )

  test('writes of an actor are found by one query; those below a path too by one more', async () => {
    await many()
    const store = await reopened(mongo, 21)
    const found: (readonly number[])[] = []
    const finds = await asked(mongo, async () => {
      for (const below of [undefined, [['many']]]) {
        const { commits } = await store.log(TENANT, { after: 0, reverse: true, actor: 'ann', below, limit: ALL })
        found.push(commits.map(({ revision }) => revision))
      }
    })
    expect([found, finds]).toEqual([
      [[5, 15], [5]],
      ['log by by,n', 'log by by,n'],
    ])
  }, 60_000)

  test('writes in a nested collection of many documents are found by the paths of each commit', async () => {
    const first = await mongo.open({ callMs: 30_000 })
    await first.append(TENANT, [draft(Array.from({ length: 260 }, (_, i) => put(`posts/1/many/${i}`, 1)))])
    await first.append(
      TENANT,
      Array.from({ length: 20 }, (_, i) =>
        draft([i % 7 === 3 ? put(`posts/1/many/${i}`, 2) : put(`posts/${i + 2}`, 1)]),
      ),
    )
    await first.append(TENANT, [draft([put('other/1', 1)])])
    const store = await reopened(mongo, 22)
    const found: (readonly number[])[] = []
    const finds = await asked(mongo, async () => {
      for (let after: number | undefined = 0; after !== undefined;) {
        const range = { after, below: [path('posts/1/many')], skips: 8, limit: { rows: 2, bytes: 1e9 } }
        const page = await store.log(TENANT, range)
        found.push(page.commits.map(({ revision }) => revision))
        after = page.next
      }
    })
    expect([found.flat(), found.length]).toEqual([[1, 5, 12, 19], 3])
    expect(new Set(finds)).toEqual(new Set(['heads by _id', 'log by $or']))
  }, 60_000)

  test('versions by an actor are found by who wrote each version: the values of others are not read', async () => {
    const first = await mongo.open({ callMs: 30_000 })
    await first.append(
      TENANT,
      Array.from({ length: 30 }, (_, i) => draft([put('posts/1', i + 1)], { actor: i % 10 === 4 ? 'ann' : 'bob' })),
    )
    const store = await reopened(mongo, 30)
    const numbers: number[] = []
    const finds = await asked(mongo, async () => {
      const { rows } = await store.history(TENANT, path('posts/1'), { actor: 'ann', reverse: true, limit: ALL })
      numbers.push(...rows.map(({ version }) => version))
    })
    expect([numbers, finds]).toEqual([[5, 15, 25], ['log by ops.p,n']])
  }, 60_000)

  test('versions that cannot have touched a field are told by what they wrote: their values are not read', async () => {
    const store = await mongo.open({ callMs: 30_000 })
    const fields = (i: number): readonly string[] => (i === 0 ? [] : i === 30 ? ['title'] : ['n'])
    await store.append(
      TENANT,
      Array.from({ length: 60 }, (_, i) => draft([{ ...put('posts/1', i + 1, { i }), fields: fields(i) }])),
    )
    const numbers: number[] = []
    const finds = await asked(mongo, async () => {
      const { rows } = await store.history(TENANT, path('posts/1'), { touching: ['title'], limit: ALL })
      numbers.push(...rows.map(({ version }) => version))
    })
    expect([numbers, finds]).toEqual([[1, 31], ['log by ops.p,n']])
  }, 60_000)
})

describeMongo('writes on MongoDB', (mongo) => {
  test('a race that was lost costs one page of the log before the next attempt', async () => {
    const [here, there] = [await mongo.open({ callMs: 30_000 }), await mongo.open({ callMs: 30_000 })]
    await commit(here, TENANT, [put('posts/1', 1)])
    await commit(there, TENANT, [put('posts/2', 1)])
    await commit(there, TENANT, [put('posts/3', 1)])
    const [finds, inserts] = [mongo.server.proxy.record('find'), mongo.server.proxy.record('insert')]
    // It still takes the first revision for the last one.
    await commit(here, TENANT, [])
    for (const recording of [finds, inserts]) recording.stop()
    expect(inserts.commands).toHaveLength(2)
    const keys = finds.commands
      .filter(({ find }) => find === 'log')
      .map(({ filter }) => (filter as Doc)['_id'])
      .map((key) => (typeof key === 'string' ? Number.parseInt(key.slice(key.indexOf('/') + 1), 36) : 'page'))
    // Beside each insert, the commits before and behind it; in between nothing but the page.
    expect(keys.map(String).toSorted()).toEqual(['1', '3', '3', '5', 'page'])
  })

  test('the versions of a tree that a delete has read are not read again when it is written', async () => {
    const first = await mongo.open({ callMs: 30_000 })
    await first.append(TENANT, [draft(['notes/1', 'notes/1/lines/1', 'notes/1/lines/2'].map((text) => put(text, 1)))])
    const engine = await openEngine(await reopened(mongo, 1))
    onTestFinished(() => engine.close())
    const db = engine.database(TENANT, { actor: null })
    expect((await db.document('notes/1'))?.version).toBe(1)
    const finds = mongo.server.proxy.record('find')
    await db.delete('notes/1')
    finds.stop()
    const keys = finds.commands.map(({ filter }) => JSON.stringify((filter as Doc)['_id']))
    expect(keys.filter((key) => key.includes('lines'))).toEqual([])
  })
})
