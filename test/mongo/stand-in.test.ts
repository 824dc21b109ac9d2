import {
  MongoBulkWriteError,
  MongoClient,
  MongoServerError,
  MongoServerSelectionError,
  type ChangeStream,
  type Collection,
} from 'mongodb'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { MongoProxy } from '../support/mongo/proxy.ts'
import { describeMongo } from '../support/mongo/suite.ts'
import { until } from '../support/time/until.ts'

interface Row {
  readonly _id: string
  readonly n: number
}

/**
 * The proxy that simulates change streams, and one that lets pass those of the server behind it. In place of a real
 * replica set, the second has the first behind it.
 */
const MODES = ['simulated', 'native'] as const

describeMongo(
  'the stand-in for MongoDB',
  (mongo) => {
    let native: MongoProxy
    let proxy: MongoProxy
    let client: MongoClient
    let log: Collection<Row>

    beforeAll(async () => {
      native = await MongoProxy.start({ upstream: mongo.server.proxy.address, native: true })
    })
    afterAll(() => native.stop())
    afterEach(() => client.close())

    /** Has the running test use a proxy. */
    function use(it: MongoProxy): void {
      const url = `mongodb://${it.address}/?replicaSet=rs0`
      proxy = it
      client = new MongoClient(url, { serverSelectionTimeoutMS: 2_000, socketTimeoutMS: 300, connectTimeoutMS: 300 })
      log = client.db(mongo.database).collection<Row>('log')
    }

    const row = (n: number): Row => ({ _id: String(n).padStart(4, '0'), n })
    const rows = (from: number, to: number): Row[] => Array.from({ length: to - from + 1 }, (_, i) => row(from + i))

    async function watch(maxAwaitTimeMS = 50): Promise<ChangeStream<Row>> {
      const stream = log.watch<Row>([{ $match: { operationType: 'insert' } }], { maxAwaitTimeMS })
      // Nothing is sent before the first read.
      expect(await stream.tryNext()).toBeNull()
      return stream
    }

    async function numbers(stream: ChangeStream<Row>, count: number): Promise<number[]> {
      const seen: number[] = []
      while (seen.length < count) {
        const event = await stream.next()
        if (event.operationType === 'insert') seen.push(event.fullDocument.n)
      }
      return seen
    }

    /** Every event up to the one of `mark`, which is inserted here. */
    async function upTo(stream: ChangeStream<Row>, mark: number): Promise<number[]> {
      await log.insertOne(row(mark))
      const seen: number[] = []
      while (seen.at(-1) !== mark) seen.push(...(await numbers(stream, 1)))
      return seen
    }

    for (const mode of MODES) {
      describe(`${mode} change streams`, () => {
        beforeEach(() => use(mode === 'native' ? native : mongo.server.proxy))

        test('shows a change stream what ordered and unordered inserts did, and no more', async () => {
          const stream = await watch()
          await log.insertOne(row(3))
          await expect(log.insertMany(rows(1, 5))).rejects.toBeInstanceOf(MongoBulkWriteError)
          await expect(log.insertMany(rows(2, 6), { ordered: false })).rejects.toBeInstanceOf(MongoBulkWriteError)
          expect(await upTo(stream, 9)).toEqual([3, 1, 2, 4, 5, 6, 9])
          expect((await log.find().toArray()).map((doc) => doc.n).toSorted((a, b) => a - b)).toEqual([
            1, 2, 3, 4, 5, 6, 9,
          ])
          await stream.close()
        })

        test('resumes a change stream after a token', async () => {
          const stream = await watch()
          await log.insertMany(rows(1, 3))
          await numbers(stream, 1)
          const resumed = log.watch<Row>([], { resumeAfter: stream.resumeToken, maxAwaitTimeMS: 50 })
          expect(await numbers(resumed, 2)).toEqual([2, 3])
          await Promise.all([stream.close(), resumed.close()])
        })

        test('closes a change stream when its client does', async () => {
          const before = proxy.streams.open
          const stream = await watch()
          expect(proxy.streams.open).toBe(before + 1)
          await stream.close()
          expect(proxy.streams.open).toBe(before)
        })

        test('sends included fields only, when asked to', async () => {
          const stream = log.watch([{ $project: { 'fullDocument.n': 1 } }], { maxAwaitTimeMS: 50 })
          await stream.tryNext()
          await log.insertOne(row(7))
          expect(await stream.next()).toEqual({ _id: expect.anything() as unknown, fullDocument: { n: 7 } })
          await stream.close()
        })

        test('lose, double and reorder events', async () => {
          const stream = await watch()
          proxy.streams.faults.push('lose')
          await log.insertMany(rows(1, 2))
          expect(await numbers(stream, 1)).toEqual([2])
          proxy.streams.faults.push('double')
          await log.insertMany(rows(3, 4))
          expect(await numbers(stream, 3)).toEqual([3, 3, 4])
          proxy.streams.faults.push('reorder')
          await log.insertMany(rows(5, 6))
          expect(await upTo(stream, 9)).toEqual([6, 5, 9])
          await stream.close()
        })

        test('make events late, and a stream silent', async () => {
          const stream = await watch(20)
          proxy.streams.lateMs = 150
          const started = Date.now()
          await log.insertOne(row(1))
          proxy.streams.lateMs = 0
          expect(await numbers(stream, 1)).toEqual([1])
          expect(Date.now() - started).toBeGreaterThanOrEqual(150)
          proxy.streams.silent = true
          await log.insertOne(row(2))
          expect(await stream.tryNext()).toBeNull()
          proxy.streams.silent = false
          expect(await numbers(stream, 1)).toEqual([2])
          await stream.close()
        })

        test('end a stream with 286 and with an invalidation', async () => {
          const expired = await watch()
          proxy.streams.ending = 'expired'
          await expect(expired.next()).rejects.toMatchObject({ code: 286 })
          const invalid = await watch()
          proxy.streams.ending = 'invalidate'
          expect(await invalid.next()).toMatchObject({ operationType: 'invalidate' })
          await expect(invalid.next()).rejects.toThrow('closed')
          await Promise.all([expired.close(), invalid.close()])
        })

        test('lose a reply after the work is done, so that the driver sends it again', async () => {
          proxy.loseReply('insert')
          await expect(log.insertOne(row(1))).rejects.toMatchObject({ code: 11000 })
          expect(await log.countDocuments()).toBe(1)
        })

        test('cut connections, which a client survives', async () => {
          await log.insertOne(row(1))
          proxy.cut()
          expect(await log.countDocuments()).toBe(1)
        })

        test('greet as a standalone, and as a set without a primary', async () => {
          proxy.greetAs('secondary')
          const lost = new MongoClient(`mongodb://${proxy.address}/?replicaSet=rs0`, { serverSelectionTimeoutMS: 300 })
          await expect(lost.db('x').collection('y').insertOne({})).rejects.toBeInstanceOf(MongoServerSelectionError)
          await lost.close()
          proxy.greetAs('standalone')
          const alone = new MongoClient(`mongodb://${proxy.address}/`)
          expect(await alone.db('admin').command({ hello: 1 })).not.toHaveProperty('setName')
          await expect(alone.db('x').collection('y').watch().tryNext()).rejects.toMatchObject({ code: 40573 })
          await alone.close()
          proxy.greetAs('primary')
          await log.insertOne(row(1))
        })
      })
    }

    describe('the server and its faults', () => {
      beforeEach(() => use(mongo.server.proxy))

      test('greets as the primary of a replica set', async () => {
        const hello = await client.db('admin').command({ hello: 1 })
        expect(hello).toMatchObject({
          setName: 'rs0',
          isWritablePrimary: true,
          primary: proxy.address,
          hosts: [proxy.address],
        })
      })

      test('refuses a second document under a unique key', async () => {
        await log.createIndex({ n: 1 }, { unique: true })
        await log.insertOne(row(1))
        await expect(log.insertOne({ _id: 'other', n: 1 })).rejects.toMatchObject({ code: 11000 })
        await expect(log.insertOne({ _id: '0001', n: 2 })).rejects.toMatchObject({ code: 11000 })
      })

      test('hold a reply back until it is released', async () => {
        const held = proxy.holdReply('insert')
        let done = false
        const insert = log.insertOne(row(1)).then(() => (done = true))
        const release = await held
        expect(await log.countDocuments()).toBe(1)
        expect(done).toBe(false)
        release()
        await insert
      })

      test.each([10107, 91])('refuse with %i, which the driver tries once more', async (code) => {
        proxy.refuse('insert', code)
        await log.insertOne(row(1))
        expect(await log.countDocuments()).toBe(1)
        proxy.refuse('insert', code)
        proxy.refuse('insert', code)
        await expect(log.insertOne(row(2))).rejects.toMatchObject({ code })
        expect(await log.countDocuments()).toBe(1)
      })

      test('refuse with 11000 what nobody else has written', async () => {
        proxy.refuse('insert', 11000)
        await expect(log.insertOne(row(1))).rejects.toMatchObject({ code: 11000 })
        expect(await log.countDocuments()).toBe(0)
      })

      test('say that the majority was missed, though the work is done', async () => {
        proxy.timeOutMajority('insert')
        const refused = await log.insertOne(row(1)).catch((error: unknown) => error)
        expect(refused).toBeInstanceOf(MongoServerError)
        expect(refused).toMatchObject({ code: 64 })
        expect(await log.countDocuments()).toBe(1)
      })

      test('accept and never answer', async () => {
        await log.insertOne(row(1))
        proxy.mute(true)
        await expect(log.findOne({ _id: '0001' })).rejects.toThrow(/timed out|interrupted/)
        proxy.mute(false)
        expect(await log.findOne({ _id: '0001' })).toEqual(row(1))
      })

      test('keeps every acknowledged insert over kill -9, on the same address', async () => {
        const acknowledged: number[] = []
        const writers = Array.from({ length: 4 }, async (_, writer) => {
          for (let i = 0; ; i++) {
            const n = writer * 100_000 + i
            if (
              !(await log.insertOne(row(n)).then(
                () => true,
                () => false,
              ))
            ) {
              return
            }
            acknowledged.push(n)
          }
        })
        await until(() => expect(acknowledged.length).toBeGreaterThan(200))
        await mongo.server.standIn?.kill()
        await Promise.all(writers)
        await mongo.server.standIn?.start()
        // By another client: this one may have lost its heartbeat when the server died
        // (src/store/mongo/mongo-connection.ts).
        await client.close()
        use(proxy)
        const kept = new Set((await log.find().toArray()).map((doc) => doc.n))
        expect(acknowledged.filter((n) => !kept.has(n))).toEqual([])
      })
    })
  },
  'stand-in',
)
