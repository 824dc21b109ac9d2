import { expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { openEngine } from '../../src/db/engine.ts'
import type { MongoStoreOptions } from '../../src/store/mongo/mongo-store.ts'
import { reading } from '../contract/database/subject.ts'
import { ALL, commit, path, put } from '../support/store/drafts.ts'
import { MongoProxy } from '../support/mongo/proxy.ts'
import { describeMongo, type MongoSuite } from '../support/mongo/suite.ts'
import { until } from '../support/time/until.ts'

const TENANT = 'default'
/** Changes whose delay is measured. */
const CHANGES = Number(process.env['TIDEMARK_POLL_CHANGES'] ?? 10)

const percentile = (values: readonly number[], share: number): string =>
  (values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? 0).toFixed(0)

async function engineOn(mongo: MongoSuite, options: Partial<MongoStoreOptions>): Promise<Database> {
  const engine = await openEngine(await mongo.open(options))
  onTestFinished(() => engine.close())
  return engine.database(TENANT, { actor: null })
}

describeMongo('MongoDB without change streams', (mongo) => {
  test('a store says once that it polls, also where a proxy refuses the change streams', async () => {
    const refusing = await MongoProxy.start({ upstream: mongo.server.proxy.upstream, hasStreams: false })
    onTestFinished(() => refusing.stop())
    const told: string[] = []
    const onStatus = (line: string): void => void told.push(line)
    for (const url of [mongo.server.pollUrl, `mongodb://${refusing.address}/?replicaSet=rs0`]) {
      await mongo.open({ url, onStatus })
    }
    const line = 'This MongoDB has no change streams: commits of other processes are looked for every 100 ms.'
    expect(told).toEqual([line, line])
  })

  const polling = (pollMs?: number): Partial<MongoStoreOptions> => ({
    url: mongo.server.pollUrl,
    pollMs,
  })

  test('a commit that a read has found before the poll is notified of', async () => {
    const [here, there] = [await mongo.open(polling(600_000)), await mongo.open(polling(600_000))]
    await commit(there, TENANT, [put('posts/1', 1)])
    const notified: (number | undefined)[] = []
    const listening = await here.listen((_, last) => void notified.push(last))
    onTestFinished(() => listening[Symbol.asyncDispose]())
    await here.log(TENANT, { after: 0, limit: ALL })
    await commit(there, TENANT, [put('posts/1', 2)])
    await here.heads(TENANT, [path('posts/1')])
    expect(notified).toEqual([1, 2])
  })

  test('a commit that was notified of while its reader was cut off is notified of again', async () => {
    const [here, there] = [await mongo.open(polling(20)), await mongo.open(polling(600_000))]
    await here.log(TENANT, { after: 0, limit: ALL })
    let notified = 0
    const listening = await here.listen(() => void notified++)
    onTestFinished(() => listening[Symbol.asyncDispose]())
    await commit(there, TENANT, [put('posts/1', 1)])
    await until(() => expect(notified).toBeGreaterThan(1))
  })

  test('changes come with the next poll, however much is read beside the subscription', async ({ annotate }) => {
    const [here, there] = [await engineOn(mongo, polling()), await engineOn(mongo, polling())]
    await there.put('posts/0', 0)
    const delays: number[] = []
    let over = false
    const readAll = async (): Promise<void> => {
      while (!over) await here.document('posts/0')
    }
    await reading(here.changes(['posts']), async (reader) => {
      await reader.upToDate()
      const readers = Promise.all([readAll(), readAll()])
      for (let i = 1; i <= CHANGES; i++) {
        await there.put('posts/0', i)
        const done = performance.now()
        let value: unknown
        while (value !== i) value = (await reader.next()).changes.at(-1)?.document?.value ?? value
        delays.push(performance.now() - done)
      }
      over = true
      await readers
    })
    await annotate(
      `${CHANGES} changes: p50 ${percentile(delays, 0.5)} ms, slowest ${percentile(delays, 1)} ms, ` +
        `over 1 s: ${delays.filter((ms) => ms > 1_000).length}`,
    )
  }, 120_000)

  test('deletes beside writers of another process that write all the time are done', async ({ annotate }) => {
    const [here, there] = [await engineOn(mongo, polling(600_000)), await engineOn(mongo, polling(600_000))]
    for (let i = 0; i < CHANGES; i++) {
      await there.put(`notes/${i}`, {})
      await there.put(`notes/${i}/lines/1`, i)
    }
    const took: number[] = []
    let [over, writes] = [false, 0]
    const writing = async (_: unknown, i: number): Promise<void> => {
      for (; !over; writes++) await there.put(`posts/${i}`, writes)
    }
    const writers = Promise.all(Array.from({ length: 8 }, writing))
    for (let i = 0; i < CHANGES; i++) {
      const begun = performance.now()
      await here.delete(`notes/${i}`)
      took.push(performance.now() - begun)
    }
    over = true
    await writers
    await annotate(
      `${CHANGES} deletes beside ${writes} writes: p50 ${percentile(took, 0.5)} ms, ` +
        `slowest ${percentile(took, 1)} ms`,
    )
  }, 120_000)

  test('deletes beside a writer of another process, of which nothing notifies, are done', async ({ annotate }) => {
    const [here, there] = [await engineOn(mongo, polling(600_000)), await engineOn(mongo, polling(600_000))]
    await there.put('posts/0', 0)
    expect(await here.get('posts/0')).toBe(0)
    const took: number[] = []
    for (let i = 0; i < CHANGES; i++) {
      await there.put(`notes/${i}`, {})
      await there.put(`notes/${i}/lines/1`, i)
      const begun = performance.now()
      const deleted = here.delete(`notes/${i}`).then(() => took.push(performance.now() - begun))
      await Promise.all([deleted, there.put('posts/0', i)])
    }
    await annotate(`${CHANGES} deletes: p50 ${percentile(took, 0.5)} ms, slowest ${percentile(took, 1)} ms`)
  }, 120_000)
})
