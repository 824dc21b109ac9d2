import { expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { DatabaseError } from '../../src/core/error.ts'
import { openEngine } from '../../src/db/engine.ts'
import { reading, type Reader } from '../contract/database/subject.ts'
import { databaseOf, settled } from '../support/mongo/database.ts'
import { describeMongo, type MongoSuite } from '../support/mongo/suite.ts'

const TENANT = 'default'
/** The longest that a client waits for an answer, ms, and how much later a busy machine may give it. */
const [LONGEST_MS, SPARE_MS] = [5_000, 10_000]

const REPLACED = 'UNAVAILABLE: The data was replaced while the server ran; start it again.'

/** One row of the table of failures in docs/mongodb.md. */
interface Failure {
  readonly begin: (mongo: MongoSuite) => Promise<void> | void
  readonly read: string
  readonly write: string
  /** Ends it; left out: it does not end. */
  readonly end?: (mongo: MongoSuite) => void
}

const FAILURES: Readonly<Record<string, Failure>> = {
  'no primary': {
    begin: ({ server: { proxy } }) => proxy.greetAs('secondary'),
    read: 'UNAVAILABLE retry',
    write: 'UNAVAILABLE retry NOT_DONE',
    end: ({ server: { proxy } }) => proxy.greetAs('primary'),
  },
  'no answer': {
    begin: ({ server: { proxy } }) => proxy.mute(true),
    read: 'UNAVAILABLE retry',
    write: 'UNAVAILABLE retry NOT_DONE',
    end: ({ server: { proxy } }) => proxy.mute(false),
  },
  'a reply that is lost': {
    begin: ({ server: { proxy } }) => proxy.loseReply('insert'),
    read: 'ok',
    write: 'ok',
    end: () => undefined,
  },
  'a full disk': {
    begin: ({ server: { proxy } }) => proxy.refuseAll('insert', 14_031),
    read: 'ok',
    write: 'STORAGE_FULL retry NOT_DONE',
    end: ({ server: { proxy } }) => proxy.refuseAll('insert', null),
  },
  'a silent change stream': {
    begin: ({ server: { proxy } }) => void (proxy.streams.silent = true),
    read: 'ok',
    write: 'ok',
    end: ({ server: { proxy } }) => void (proxy.streams.silent = false),
  },
  'an emptied database': {
    begin: async (mongo) => void (await databaseOf(mongo).dropDatabase()),
    read: REPLACED,
    write: REPLACED,
  },
  'an end of the log that is lost': {
    begin: async (mongo) =>
      void (await databaseOf(mongo)
        .collection('log')
        .deleteMany({ n: { $gte: 3 } })),
    read: REPLACED,
    write: REPLACED,
  },
}

/** An answer in short: `ok`, or the code, and whether to try again and the outcome, or the sentence. */
async function answer(call: Promise<unknown>): Promise<string> {
  const begun = performance.now()
  const answered = await call.then(
    () => 'ok',
    (error: unknown) => {
      if (!(error instanceof DatabaseError)) return String(error)
      if (error.message.startsWith('The data was replaced')) return REPLACED
      const { retryAfterMs, outcome } = error.details
      const told: readonly unknown[] = [error.code, retryAfterMs === 1_000 ? 'retry' : '', outcome ?? '']
      return told.map(String).join(' ').trim()
    },
  )
  expect(performance.now() - begun).toBeLessThan(LONGEST_MS + SPARE_MS)
  return answered
}

/** What a subscription does while something else goes on. */
function watched(reader: Reader): { readonly state: () => string; readonly next: Promise<unknown> } {
  let state = 'open, silent'
  const next = reader.next().then(
    () => (state = 'a change'),
    (error: unknown) => (state = String(error)),
  )
  return { state: () => state, next }
}

describeMongo('what a client sees of', (mongo) => {
  test.each(Object.entries(FAILURES))(
    '%s',
    async (_, { begin, read, write, end }) => {
      const engines = await Promise.all([mongo.open(), mongo.open()].map(async (store) => openEngine(await store)))
      onTestFinished(async () => void (await Promise.all(engines.map((engine) => engine.close()))))
      const [here, there] = engines.map((engine) => engine.database(TENANT, { actor: null })) as [Database, Database]
      for (let i = 1; i <= 4; i++) await here.put('posts/1', i)
      expect(await there.get('posts/1')).toBe(4)
      await settled(databaseOf(mongo), TENANT, 4)
      await reading(there.changes(['posts']), async (reader) => {
        await reader.upToDate()
        const { state, next } = watched(reader)
        onTestFinished(() => end?.(mongo))
        await begin(mongo)
        expect(await answer(here.get('posts/1'))).toBe(read)
        expect(state()).toBe('open, silent')
        expect(await answer(here.put('posts/1', 5))).toBe(write)
        if (write !== 'ok') expect(state()).toBe('open, silent')
        if (end === undefined) return
        end(mongo)
        if (write !== 'ok') await writeUntilDone(here)
        await next
        expect(state()).toBe('a change')
      })
    },
    60_000,
  )
})

/** Tries a write again as long as that helps. */
async function writeUntilDone(database: Database): Promise<void> {
  for (let done = false; !done;) {
    done = await database.put('posts/1', 6).then(
      () => true,
      (error: unknown) => {
        if (error instanceof DatabaseError && error.code === 'UNAVAILABLE') return false
        throw error
      },
    )
  }
}
