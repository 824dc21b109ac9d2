import { randomUUID } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { DatabaseError } from '../../src/core/error.ts'
import { openEngine } from '../../src/db/engine.ts'
import { reading } from '../contract/database/subject.ts'
import { elect } from '../support/mongo/election.ts'
import { describeMongo, type MongoSuite } from '../support/mongo/suite.ts'
import { until } from '../support/time/until.ts'

const WRITERS = 4
/** Acknowledged writes before the primary is asked to step down, and after there is one again. */
const WRITES = 20

async function engineOn(mongo: MongoSuite): Promise<Database> {
  const engine = await openEngine(await mongo.open({ url: mongo.server.setUrl ?? mongo.server.url }))
  onTestFinished(() => engine.close())
  return engine.database('default', { actor: null })
}

describeMongo('an election', (mongo) => {
  test('writes of two processes are all done once, in an order that a subscriber of each sees', async ({
    annotate,
  }) => {
    const engines = [await engineOn(mongo), await engineOn(mongo)] as const
    let [done, refused, over] = [0, 0, false]
    const cursors = new Set<string>()
    const write = async (i: number): Promise<void> => {
      for (let value = 1; !over; value++) {
        const key = randomUUID()
        const attempt = (): Promise<string> =>
          (engines[(i + value + refused) % 2] ?? engines[0]).put(`posts/${i}`, value, { key }).then((c) => c.cursor)
        let cursor: string | null = null
        while (cursor === null) {
          cursor = await attempt().catch((error: unknown) => {
            refused += 1
            if (error instanceof DatabaseError && error.code === 'UNAVAILABLE') return null
            throw error
          })
        }
        cursors.add(cursor)
        done += 1
      }
    }
    const seen: string[][] = [[], []]
    const follow = (database: Database, commits: string[]): Promise<void> =>
      reading(database.changes(['posts']), async (reader) => {
        await reader.upToDate()
        started += 1
        for (let isLast = false; !isLast;) {
          const { changes } = await reader.next()
          commits.push(...changes.map(({ commit }) => commit))
          isLast = changes.some((change) => change.path === 'posts/last')
        }
      })
    let started = 0
    const following = Promise.all(engines.map((engine, i) => follow(engine, seen[i] ?? [])))
    await until(() => expect(started).toBe(2))
    const writing = Promise.all(Array.from({ length: WRITERS }, (_, i) => write(i)))
    await Promise.race([writing, until(() => expect(done).toBeGreaterThan(WRITES))])
    await elect(mongo.server)
    const before = done
    await Promise.race([writing, until(() => expect(done).toBeGreaterThan(before + WRITES))])
    over = true
    await writing
    await engines[0].put('posts/last', true)
    done += 1
    await following
    expect(cursors.size).toBe(done - 1)
    expect(seen.map(({ length }) => length)).toEqual([done, done])
    expect(seen[0]).toEqual(seen[1])
    await annotate(`${done} writes, ${refused} refused for now`)
  }, 120_000)
})
