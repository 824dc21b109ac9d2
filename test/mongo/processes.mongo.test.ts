import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { MongoStore } from '../../src/store/mongo/mongo-store.ts'
import { openMongoStore } from '../../src/store/mongo/open-mongo-store.ts'
import type { Appended, Draft, Store } from '../../src/store/store.ts'
import { MongoChild } from '../support/mongo/child.ts'
import { Follower } from '../support/mongo/follower.ts'
import { chooseMongo, START_MS, startMongo, type MongoServer } from '../support/mongo/server.ts'
import { ALL, commit, committed, draft, path, put } from '../support/store/drafts.ts'
import { until } from '../support/time/until.ts'

const choice = await chooseMongo()
const TENANT = 'acme'
const WRITERS = 8

interface Insisted {
  readonly appended: Appended | undefined
  /** How often the store was UNAVAILABLE before. */
  readonly refusals: number
}

describe.skipIf(choice.kind === 'none')(`MongoDB with several processes (${choice.label})`, () => {
  let server: MongoServer
  let database: string

  beforeAll(async () => {
    server = await startMongo(choice)
  }, START_MS)
  afterAll(() => server.stop())
  beforeEach(() => {
    database = server.database()
  })

  async function open(): Promise<MongoStore> {
    const store = await openMongoStore({ url: server.url, database })
    onTestFinished(() => store.close())
    return store
  }

  async function child(url = server.url): Promise<MongoChild> {
    const started = await MongoChild.start(url, database)
    onTestFinished(() => started.kill())
    return started
  }

  /** Appends one draft until it is known to be done; how often the store was UNAVAILABLE meanwhile. */
  async function insist(store: Pick<Store, 'append'>, proposed: Draft): Promise<Insisted> {
    for (let refusals = 0; ; refusals++) {
      const [appended] = await store.append(TENANT, [proposed])
      if (appended?.kind !== 'failed') return { appended, refusals }
      if (appended.error.code !== 'UNAVAILABLE') throw appended.error
    }
  }

  const oneTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)

  test('3 processes with 8 writers each: no revision is missing or double, followers see all in order', async () => {
    const each = 5
    const total = 3 * WRITERS * each
    const children = await Promise.all([child(), child(), child(server.pollUrl)])
    const followers = await Promise.all(children.map((process) => Follower.start(process, TENANT)))
    onTestFinished(async () => void (await Promise.all(followers.map((follower) => follower[Symbol.asyncDispose]()))))
    const writer = async (process: MongoChild, name: string): Promise<number[]> => {
      const revisions: number[] = []
      for (const version of oneTo(each)) {
        const [result] = await process.append(TENANT, [draft([put(`posts/${name}`, version)])])
        revisions.push(committed(result).revision)
      }
      return revisions
    }
    const writing = children.flatMap((process, i) => oneTo(WRITERS).map((k) => writer(process, `${i}-${k}`)))
    const revisions = (await Promise.all(writing)).flat()
    expect(revisions.toSorted((a, b) => a - b)).toEqual(oneTo(total))
    for (const follower of followers) {
      await until(() => expect(follower.revisions).toEqual(oneTo(total)))
    }
    expect(followers[1]?.commits).toEqual(followers[0]?.commits)
    expect(followers[2]?.commits).toEqual(followers[0]?.commits)
  }, 120_000)

  test('processes that race for one version: exactly one wins each', async () => {
    const stores = await Promise.all([open(), open(), open()])
    for (const version of oneTo(5)) {
      const results = (
        await Promise.all(stores.map((store) => store.append(TENANT, [draft([put('posts/1', version)])])))
      ).flat()
      expect(results.map(({ kind }) => kind).toSorted((a, b) => a.localeCompare(b))).toEqual([
        'committed',
        'conflict',
        'conflict',
      ])
    }
  })

  test('a commit id that several processes use at once is one commit', async () => {
    const stores = await Promise.all([open(), open(), open()])
    const results = (
      await Promise.all(stores.map((store, i) => store.append(TENANT, [draft([put(`posts/${i}`, 1)], { id: 'k' })])))
    ).flat()
    expect(results.map(({ kind }) => kind).toSorted((a, b) => a.localeCompare(b))).toEqual([
      'committed',
      'repeated',
      'repeated',
    ])
    expect(new Set(results.map((result) => ('commit' in result ? JSON.stringify(result.commit) : ''))).size).toBe(1)
  })

  test('a commit id is known for ever, also to a process that has nothing of it in memory', async () => {
    const [first, client] = [await open(), new MongoClient(server.url)]
    onTestFinished(() => client.close())
    const { id } = await commit(first, TENANT, [put('posts/1', 1)])
    await commit(first, TENANT, [put('posts/2', 1)])
    const meta = client.db(database).collection<{ readonly _id: string; readonly applied: number }>('meta')
    await until(async () => expect((await meta.findOne({ _id: TENANT }))?.applied).toBe(2))
    const drafts = [
      draft([put('posts/3', 1)]),
      draft([put('posts/4', 1)], { id }),
      draft([put('posts/1', 9)], { id }),
      draft([put('posts/5', 1)]),
    ]
    const results = await (await open()).append(TENANT, drafts)
    expect(results).toMatchObject([
      { kind: 'committed', commit: { revision: 3 } },
      { kind: 'repeated', commit: { id, revision: 1 } },
      { kind: 'repeated', commit: { id, revision: 1 } },
      { kind: 'committed', commit: { revision: 4 } },
    ])
    expect(await (await open()).append(TENANT, [draft([put('posts/1', 9)], { id })])).toMatchObject([
      { kind: 'repeated' },
    ])
  })

  test('what one process acknowledged, every read of another that begins after it sees', async () => {
    const [a, b] = [await open(), await open()]
    for (const version of oneTo(10)) {
      const { revision } = await commit(a, TENANT, [put('posts/1', version)])
      expect((await b.heads(TENANT, [path('posts/1')])).rows[0]).toMatchObject({ version, revision })
      expect((await b.list(TENANT, { kind: 'collection', path: ['posts'], limit: ALL })).rows).toMatchObject([
        { version },
      ])
    }
  })

  test('a tenant that one process dropped is empty in the others at once, for reading and for writing', async () => {
    const [a, b, c] = [await open(), await open(), await open()]
    for (const version of oneTo(3)) await commit(b, TENANT, [put('posts/1', version)])
    await c.heads(TENANT, [path('posts/1')])
    await a.drop(TENANT)
    expect(await c.heads(TENANT, [path('posts/1')])).toEqual({ revision: 0, rows: [null] })
    // It does not know of the drop, and nothing in what it knows speaks against the write.
    expect(await b.append(TENANT, [draft([put('posts/1', 4)])])).toEqual([
      { kind: 'conflict', path: path('posts/1'), version: 0 },
    ])
    expect((await commit(b, TENANT, [put('posts/1', 1)])).revision).toBe(1)
    expect((await a.log(TENANT, { after: 0, limit: ALL })).commits).toHaveLength(1)
  })

  test('after a kill between log and heads reads are right at once, heads soon, a retry is one commit', async () => {
    const store = await open()
    await commit(store, TENANT, [put('posts/1', 1), put('posts/2', 1)])
    const doomed = await child()
    await doomed.heads(TENANT, [path('posts/1')])
    const held = server.proxy.holdReply('insert')
    const lost = doomed.append(TENANT, [draft([put('posts/1', 2), put('posts/3', 1)], { id: 'key' })]).catch(() => null)
    await held
    await doomed.kill()
    const killedAt = performance.now()
    expect(await lost).toBeNull()

    const picture = await store.heads(TENANT, ['posts/1', 'posts/2', 'posts/3'].map(path))
    expect(picture).toMatchObject({ revision: 2, rows: [{ version: 2 }, { version: 1 }, { version: 1 }] })
    const { rows } = await store.list(TENANT, { kind: 'collection', path: ['posts'], limit: ALL })
    expect(rows.map(({ path: at, version }) => [at[1], version])).toEqual([
      ['1', 2],
      ['2', 1],
      ['3', 1],
    ])

    const client = new MongoClient(server.url)
    onTestFinished(() => client.close())
    const table = client.db(database).collection<{ readonly v: number }>('heads')
    const heads = async (): Promise<readonly number[]> =>
      (await table.find().sort({ _id: 1 }).toArray()).map(({ v }) => v)
    await until(async () => expect(await heads()).toEqual([2, 1, 1]))
    expect(performance.now() - killedAt).toBeLessThan(2_000)
    expect(await store.append(TENANT, [draft([], { id: 'key' })])).toMatchObject([
      { kind: 'repeated', commit: { revision: 2 } },
    ])
  })

  test('a tenant that a killed process had written is right in a process that never saw it', async () => {
    const doomed = await child()
    await doomed.append(TENANT, [draft([put('posts/1', 1)])])
    const held = server.proxy.holdReply('insert')
    const lost = doomed.append(TENANT, [draft([put('posts/1', 2)])]).catch(() => null)
    await held
    await doomed.kill()
    await lost
    const store = await open()
    expect(await store.heads(TENANT, [path('posts/1')])).toMatchObject({ revision: 2, rows: [{ version: 2 }] })
    expect((await commit(store, TENANT, [put('posts/1', 3)])).revision).toBe(3)
  })

  test('32 commits of one append cost less than 0.3 round trips each', async () => {
    const store = await open()
    await commit(store, TENANT, [])
    const { counts } = server.proxy
    const counted = (): number => ['insert', 'update', 'find'].reduce((sum, name) => sum + (counts.get(name) ?? 0), 0)
    const before = counted()
    for (const version of oneTo(5)) {
      await store.append(
        TENANT,
        oneTo(32).map((i) => draft([put(`posts/${i}`, version)])),
      )
    }
    expect((counted() - before) / (5 * 32)).toBeLessThan(0.3)
  })

  const kills10 =
    'the database is killed 10 times under 8 writers: no write is lost or doubled, feeds go on, one UNAVAILABLE at most'
  test.skipIf(choice.kind !== 'stand-in')(
    kills10,
    async () => {
      const store = await open()
      const follower = await Follower.start(await open(), TENANT)
      onTestFinished(() => follower[Symbol.asyncDispose]())
      const acknowledged = new Map<string, number>()
      let kills = 0
      const refused = new Map<string, number>()
      const writers = oneTo(WRITERS).map(async (writer) => {
        for (let version = 1; kills < 10; version++) {
          const id = `${writer}-${version}`
          const before = kills
          const { appended, refusals } = await insist(store, draft([put(`posts/${writer}`, version)], { id }))
          if (appended === undefined || !('commit' in appended)) {
            throw new Error(`${id} came out as ${JSON.stringify(appended)}`)
          }
          acknowledged.set(id, appended.commit.revision)
          if (refusals > 0) {
            refused.set(`${writer} at ${before}`, (refused.get(`${writer} at ${before}`) ?? 0) + refusals)
          }
        }
      })
      const grown = (): Promise<void> => {
        const enough = acknowledged.size + 3 * WRITERS
        return until(() => expect(acknowledged.size).toBeGreaterThanOrEqual(enough), 30_000)
      }
      while (kills < 10) {
        await grown()
        await server.standIn?.kill()
        await server.standIn?.start()
        kills += 1
      }
      await Promise.all(writers)
      const { commits, last } = await store.log(TENANT, { after: 0, limit: { rows: 10_000, bytes: 1e9 } })
      expect(commits.map(({ revision }) => revision)).toEqual(oneTo(last))
      expect(new Map(commits.map(({ id, revision }) => [id, revision]))).toEqual(acknowledged)
      await until(() => expect(follower.revisions).toEqual(oneTo(last)))
      expect([...refused].filter(([, count]) => count > 1)).toEqual([])
    },
    180_000,
  )
})
