import { randomUUID } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { DatabaseError } from '../../src/core/error.ts'
import type { Version } from '../../src/core/version.ts'
import { openEngine } from '../../src/db/engine.ts'
import type { MongoStore } from '../../src/store/mongo/mongo-store.ts'
import { ALL, commit, path, put } from '../support/store/drafts.ts'
import { describeMongo, type MongoSuite } from '../support/mongo/suite.ts'
import { elapse } from '../support/time/elapse.ts'
import { until } from '../support/time/until.ts'

const TENANT = 'default'
/** Reads under lags; the lags are of 50 ms up to so many ms. */
const READS = Number(process.env['TIDEMARK_LAG_READS'] ?? 100)
const MAX_LAG_MS = Number(process.env['TIDEMARK_LAG_MS'] ?? 500)
/** A lag lasts half of its longest on average, and a reader may wait for the end of each. */
const MOST_MS = Math.max(600_000, READS * MAX_LAG_MS)
const WRITERS = 8

async function engineOn(store: MongoStore): Promise<Database> {
  const engine = await openEngine(store)
  onTestFinished(() => engine.close())
  return engine.database(TENANT, { actor: null })
}

/** Another primary is elected, whose majority reads lack the newest commits until `lag.end`. */
function elect({ server: { proxy } }: MongoSuite, hidden: number): void {
  proxy.lag.begin(hidden)
  proxy.greetAs('primary')
}

/** What is wrong with rows of one revision, of which a reader saw `seen` before. */
function tornRows(rows: readonly (Version | null)[], revision: number, seen: Map<string, number>): readonly string[] {
  return rows.flatMap((row) => {
    if (row === null) return []
    const text = row.path.join('/')
    const before = seen.get(text) ?? 0
    seen.set(text, Math.max(before, row.version))
    if (row.revision > revision) return [`${text} of revision ${row.revision} in a picture of ${revision}`]
    return row.version < before ? [`${text} at version ${row.version} after ${before}`] : []
  })
}

describeMongo(
  'MongoDB whose majority reads lag',
  (mongo) => {
    const READ = {
      heads: (store: MongoStore, paths = [path('posts/1')]) => store.heads(TENANT, paths),
      list: (store: MongoStore) => store.list(TENANT, { kind: 'collection', path: ['posts'], limit: ALL }),
    } as const
    for (const [name, read] of Object.entries(READ)) {
      test(`${name} wait until the log shows what the heads have`, async () => {
        const [here, there] = [await mongo.open({ callMs: 2_000 }), await mongo.open()]
        await commit(there, TENANT, [put('posts/1', 1)])
        await read(here)
        await commit(there, TENANT, [put('posts/1', 2)])
        mongo.server.proxy.lag.begin(1)
        onTestFinished(() => mongo.server.proxy.lag.end())
        await expect(read(here)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
        const reading = read(here)
        mongo.server.proxy.lag.end()
        expect(await reading).toMatchObject({ revision: 2, rows: [{ version: 2 }] })
      })
    }

    test('names of collections wait until the log shows their documents', async () => {
      const [here, there] = [await mongo.open({ callMs: 2_000 }), await mongo.open()]
      await commit(there, TENANT, [put('posts/1', 1)])
      expect(await here.collections(TENANT, [[]])).toEqual([['posts']])
      await commit(there, TENANT, [put('notes/1', 1)])
      mongo.server.proxy.lag.begin(1)
      onTestFinished(() => mongo.server.proxy.lag.end())
      await expect(here.collections(TENANT, [[]])).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      mongo.server.proxy.lag.end()
      expect(await here.collections(TENANT, [[]])).toEqual([['notes', 'posts']])
    })

    test('numbered versions are not taken for removed ones while the log does not show them', async () => {
      const [here, there] = [await mongo.open(), await mongo.open()]
      for (const version of [1, 2]) await commit(there, TENANT, [put('posts/1', version)])
      await READ.heads(here)
      const { lag } = mongo.server.proxy
      lag.begin(2)
      onTestFinished(() => lag.end())
      const reading = here.versions(TENANT, [{ path: path('posts/1'), version: 1 }], 1)
      await Promise.race([reading, until(() => expect(lag.waiting).toBeGreaterThan(0))])
      lag.end()
      expect(await reading).toMatchObject({ rows: [{ version: 1 }], more: false })
    })

    const FALLS = { 'an election': 1, 'a fall of the primary that no driver has noticed': 0 } as const
    test.each(Object.entries(FALLS))('after %s a right expectation meets no CONFLICT', async (_, isReported) => {
      const [here, there] = [await engineOn(await mongo.open()), await engineOn(await mongo.open())]
      await there.put('posts/1', 1)
      expect((await here.document('posts/1'))?.version).toBe(1)
      const { proxy } = mongo.server
      // The other process does not hear of it, and the new primary has not got its head.
      proxy.streams.silent = true
      onTestFinished(() => void (proxy.streams.silent = false))
      proxy.refuse('update', 112)
      await there.put('posts/1', 2)
      if (isReported === 1) elect(mongo, 1)
      else proxy.lag.begin(1)
      onTestFinished(() => proxy.lag.end())
      const writing = here.put('posts/1', 3, { expect: { version: 2 } })
      await Promise.race([writing, until(() => expect(proxy.lag.waiting).toBeGreaterThan(0))])
      proxy.lag.end()
      expect((await writing).changes[0]?.document?.version).toBe(3)
    })

    test(
      'under lags no picture is torn, and no writer meets a false CONFLICT',
      async ({ annotate }) => {
        const stores = [await mongo.open(), await mongo.open()]
        const engines = await Promise.all(stores.map(engineOn))
        const wrong: string[] = []
        let [reads, writes, refused, lags, over] = [0, 0, 0, 0, false]
        const paths = Array.from({ length: WRITERS }, (_, i) => path(`posts/${i}`))
        const write = async (i: number): Promise<void> => {
          for (let version = 0; !over; version++) {
            const key = randomUUID()
            for (let done = false; !done;) {
              const engine = engines[(i + version) % engines.length]
              const written = engine?.put(`posts/${i}`, version, { expect: { version }, key })
              done = (await written?.then(() => true, failed)) ?? true
            }
            writes += 1
          }
        }
        const failed = (error: unknown): boolean => {
          refused += 1
          const code = error instanceof DatabaseError ? error.code : String(error)
          if (code === 'UNAVAILABLE' || code === 'TIMEOUT') return over
          wrong.push(`${code}: ${String(error)}`)
          over = true
          return true
        }
        const read = async (i: number): Promise<void> => {
          const store = stores[i % stores.length]
          const seen = new Map<string, number>()
          while (!over) {
            if (store === undefined) throw new Error('There are two.')
            const answer = await (reads % 2 === 0 ? READ.heads(store, paths) : READ.list(store)).catch(() => null)
            if (answer === null) continue
            wrong.push(...tornRows(answer.rows, answer.revision, seen))
            over ||= ++reads >= READS
          }
        }
        const lagging = async (): Promise<void> => {
          while (!over) {
            elect(mongo, 1 + (lags % 4))
            lags += 1
            await elapse(50 + ((lags * 377) % Math.max(1, MAX_LAG_MS - 49)))
            mongo.server.proxy.lag.end()
            await elapse(300)
          }
        }
        onTestFinished(() => {
          over = true
          mongo.server.proxy.lag.end()
        })
        const each = Array.from({ length: WRITERS }, (_, i) => i)
        await Promise.all([...each.map(write), ...each.map(read), lagging()])
        await annotate(
          `${reads} reads, ${writes} writes, ${refused} refused for now, ${lags} lags up to ${MAX_LAG_MS} ms`,
        )
        expect(wrong).toEqual([])
      },
      MOST_MS,
    )
  },
  'stand-in',
)
