import { once } from 'node:events'
import { createServer, Socket, type AddressInfo } from 'node:net'
import { randomUUID } from 'node:crypto'
import type { MongoClient } from 'mongodb'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { MongoConnection } from '../../src/store/mongo/mongo-connection.ts'
import { clientOf } from '../../src/store/mongo/mongo-client.ts'
import type { MongoStore, MongoStoreOptions } from '../../src/store/mongo/mongo-store.ts'
import { openMongoStore } from '../../src/store/mongo/open-mongo-store.ts'
import { Follower } from '../support/mongo/follower.ts'
import { chooseMongo, START_MS, startMongo, type MongoServer } from '../support/mongo/server.ts'
import { ALL, commit, draft, path, put, remove } from '../support/store/drafts.ts'
import { until } from '../support/time/until.ts'

const choice = await chooseMongo()
const TENANT = 'acme'
const CALL_MS = 2_000

/**
 * Destroys this process's sockets to an address, as the end of the peer does: for a moment nobody knows. How many there
 * were.
 */
function destroySockets(address: string): number {
  const { _getActiveHandles: handles } = process as unknown as { readonly _getActiveHandles: () => readonly unknown[] }
  const sockets = handles.call(process).filter((handle) => handle instanceof Socket)
  const theirs = sockets.filter(({ remoteAddress, remotePort }) => `${remoteAddress}:${remotePort}` === address)
  for (const socket of theirs) socket.destroy()
  return theirs.length
}

describe.skipIf(choice.kind === 'none')(`MongoDB under faults (${choice.label})`, () => {
  let server: MongoServer
  let database: string
  let store: MongoStore

  beforeAll(async () => {
    server = await startMongo(choice)
  }, START_MS)
  afterAll(() => server.stop())

  /** A store of its own, closed at the test's end. Without `safetyPollMs` no poll helps the change stream. */
  async function open(options: Partial<MongoStoreOptions> = {}): Promise<MongoStore> {
    const opened = await openMongoStore({
      url: server.url,
      database,
      callMs: CALL_MS,
      safetyPollMs: 600_000,
      ...options,
    })
    onTestFinished(() => opened.close())
    return opened
  }

  beforeEach(async () => {
    database = server.database()
    store = await openMongoStore({ url: server.url, database, callMs: CALL_MS, safetyPollMs: 600_000 })
    // So that a fault meets the insert of a test, and not the making of the tenant.
    await commit(store, TENANT, [put('posts/0', 1)])
  })
  afterEach(() => store.close())

  describe('of change events', () => {
    let follower: Follower
    const write = (n: number, from: MongoStore = store): Promise<unknown> =>
      commit(from, TENANT, [put(`posts/${n}`, 1)])
    const sees = (revisions: readonly number[]): Promise<void> =>
      until(() => expect(follower.revisions).toEqual(revisions))

    /** Follows in another store until its change stream works. */
    async function follow(options: Partial<MongoStoreOptions> = {}): Promise<MongoStore> {
      const other = await open(options)
      follower = await Follower.start(other, TENANT)
      onTestFinished(() => follower[Symbol.asyncDispose]())
      await sees([1])
      await until(() => expect(server.proxy.streams.open).toBe(1))
      await write(2)
      await sees([1, 2])
      return other
    }

    test('a lost event is made good by the next one', async () => {
      await follow()
      server.proxy.streams.faults.push('lose')
      await write(3)
      await write(4)
      await sees([1, 2, 3, 4])
    })

    test.each(['double', 'reorder'] as const)('events under "%s" are seen once and in order', async (fault) => {
      await follow()
      server.proxy.streams.faults.push(fault)
      await write(3)
      await write(4)
      await write(5)
      await sees([1, 2, 3, 4, 5])
    })

    test('a late event is seen late, and nothing is missing', async () => {
      await follow()
      server.proxy.streams.lateMs = 300
      await write(3)
      server.proxy.streams.lateMs = 0
      expect(follower.revisions).toEqual([1, 2])
      await sees([1, 2, 3])
    })

    test('where the stream is silent for ever, the poll beside it sees everything', async () => {
      await follow({ safetyPollMs: 100 })
      server.proxy.streams.silent = true
      onTestFinished(() => void (server.proxy.streams.silent = false))
      await write(3)
      await sees([1, 2, 3])
    })

    test.each(['expired', 'invalidate'] as const)(
      'a stream that ends as %s is opened again, and nothing is missing',
      async (ending) => {
        const lines: string[] = []
        await follow({ onStatus: (line) => void lines.push(line) })
        server.proxy.streams.ending = ending
        await write(3)
        await sees([1, 2, 3])
        await write(4)
        await sees([1, 2, 3, 4])
        expect(lines).toEqual([
          'The change stream of MongoDB ended; it is opened again.',
          'The change stream of MongoDB is open again.',
        ])
      },
    )

    test('after a hundred empty answers, and after a stream that expired while idle, a write is seen', async () => {
      const lines: string[] = []
      // The server waits for events for a part of a call's time.
      await follow({ callMs: 400, onStatus: (line) => void lines.push(line) })
      const answers = (): number => server.proxy.counts.get('getMore') ?? 0
      const before = answers()
      await until(() => expect(answers()).toBeGreaterThan(before + 100), 25_000)
      await write(3)
      await sees([1, 2, 3])
      server.proxy.streams.ending = 'expired'
      await until(() => expect(lines).toContain('The change stream of MongoDB is open again.'))
      await write(4)
      await sees([1, 2, 3, 4])
    }, 60_000)

    test('connections that are cut are made again, and nothing is missing', async () => {
      // A stream whose client was cut off while it was opened stays open on the server.
      onTestFinished(() => server.proxy.streams.close())
      await follow()
      server.proxy.cut()
      await write(3)
      await sees([1, 2, 3])
    })

    test('one process has one change stream, however many listen', async () => {
      const other = await follow()
      const opened = server.proxy.counts.get('aggregate')
      const followers = await Promise.all(Array.from({ length: 20 }, (_, i) => Follower.start(other, `tenant-${i}`)))
      await write(3)
      await sees([1, 2, 3])
      expect([server.proxy.streams.open, server.proxy.counts.get('aggregate')]).toEqual([1, opened])
      await Promise.all(followers.map((each) => each[Symbol.asyncDispose]()))
    })

    test('no change stream is left when the last listener goes', async () => {
      await follow()
      await follower[Symbol.asyncDispose]()
      expect(server.proxy.streams.open).toBe(0)
    })
  })

  describe('of writes', () => {
    const INJECT: Readonly<Record<string, () => void>> = {
      'a reply that is lost after the work': () => server.proxy.loseReply('insert'),
      'a duplicate key that is not there': () => server.proxy.refuse('insert', 11000),
      'a primary that stepped down (10107)': () => server.proxy.refuse('insert', 10107),
      'a primary that steps down again while the driver retries': () =>
        [1, 2, 3].forEach(() => server.proxy.refuse('insert', 10107)),
      'a shutdown (91)': () => server.proxy.refuse('insert', 91),
      'a majority that is missed in time': () => server.proxy.timeOutMajority('insert'),
      'heads that cannot be updated': () => server.proxy.refuse('update', 11602),
    }
    for (const [name, inject] of Object.entries(INJECT)) {
      test(`${name}: the write is done once, and every later one too`, async () => {
        const writes = [
          ['a', put('posts/0', 2)],
          ['b', put('posts/1', 1)],
          ['c', put('posts/1', 1)],
        ] as const
        const drafts = writes.map(([id, write]) => draft([write], { id }))
        inject()
        const results = await store.append(TENANT, drafts)
        expect(results.map(({ kind }) => kind)).toEqual(['committed', 'committed', 'conflict'])
        await commit(store, TENANT, [put('posts/0', 3)])
        const other = await open()
        const { commits } = await other.log(TENANT, { after: 1, limit: ALL })
        expect(commits.map(({ id, revision }) => [id, revision]).slice(0, 2)).toEqual([
          ['a', 2],
          ['b', 3],
        ])
        const heads = await other.heads(TENANT, [path('posts/0'), path('posts/1')])
        expect(heads).toMatchObject({ revision: 4, rows: [{ version: 3 }, { version: 1 }] })
      })
    }

    test('heads that may not be written (13) refuse no write whose commit is in the log', async () => {
      await store.heads(TENANT, [path('posts/0')])
      server.proxy.refuse('update', 13)
      await commit(store, TENANT, [put('posts/0', 2)])
      expect((await store.heads(TENANT, [path('posts/0')])).rows).toMatchObject([{ version: 2 }])
    })

    test('a connection that is cut while the reply is awaited: the write is done once', async () => {
      const held = server.proxy.holdReply('insert')
      const appending = store.append(TENANT, [draft([put('posts/1', 1)], { id: 'a' })])
      await held
      server.proxy.cut()
      expect((await appending).map(({ kind }) => kind)).toEqual(['committed'])
      expect(await store.log(TENANT, { after: 1, limit: ALL })).toMatchObject({ last: 2, commits: [{ id: 'a' }] })
    })
  })

  describe('of the server', () => {
    const retryable = expect.objectContaining({ retryAfterMs: 1_000 }) as unknown
    const unavailable = expect.objectContaining({ code: 'UNAVAILABLE', details: retryable }) as unknown

    test('one that accepts and never answers makes calls UNAVAILABLE in time; they go on when it answers', async () => {
      server.proxy.mute(true)
      const started = performance.now()
      const id = randomUUID()
      const outcomes = await Promise.all([
        commit(store, TENANT, [put('posts/1', 1)], { id }).catch((error: unknown) => error),
        store.heads(TENANT, [path('posts/0')]).catch((error: unknown) => error),
      ])
      expect(performance.now() - started).toBeLessThan(CALL_MS + 500)
      expect(outcomes).toEqual([unavailable, unavailable])
      server.proxy.mute(false)
      const again = async (): Promise<string | undefined> => {
        const results = await store.append(TENANT, [draft([put('posts/1', 1)], { id })]).catch(() => [])
        return results[0]?.kind
      }
      await until(async () => expect(await again()).toMatch(/committed|repeated/))
      expect((await store.log(TENANT, { after: 0, limit: ALL })).commits.map(({ id: each }) => each).slice(1)).toEqual([
        id,
      ])
    })

    test('a client whose first command finds no primary, as the driver closes it then, is replaced', async () => {
      const connect = (): MongoClient => clientOf(server.url, { selectMs: 300, socketMs: 1_000 }, 5)
      const connection = new MongoConnection({ connect, database, readMs: 1_000, lostMs: 2_000 })
      onTestFinished(() => connection.close())
      onTestFinished(() => server.proxy.greetAs('primary'))
      const read = (): Promise<string> =>
        connection.call(connection.meta.findOne({ _id: TENANT })).then(
          () => 'read',
          () => 'failed',
        )
      server.proxy.greetAs('secondary')
      expect(await read()).toBe('failed')
      server.proxy.greetAs('primary')
      await until(async () => expect(await read()).toBe('read'))
    })

    test('one commit that changes 120 documents does not bring it to a halt', async () => {
      const patient = await open({ callMs: 20_000 })
      const paths = Array.from({ length: 120 }, (_, i) => `notes/${i}`)
      await commit(
        patient,
        TENANT,
        paths.map((text) => put(text, 1)),
      )
      await commit(
        patient,
        TENANT,
        paths.map((text) => remove(text, 2)),
      )
      expect((await patient.heads(TENANT, paths.map(path))).rows.every((row) => row?.version === 2)).toBe(true)
      expect((await patient.list(TENANT, { kind: 'collection', path: ['notes'], limit: ALL })).rows).toEqual([])
    })

    test('a command on a destroyed socket, which the driver loses, ends in time, and the store goes on', async () => {
      await store.heads(TENANT, [path('posts/0')])
      expect(destroySockets(server.proxy.address)).toBeGreaterThan(0)
      const started = performance.now()
      const proposed = draft([put('posts/1', 1)])
      const kindOf = (): Promise<string> =>
        store.append(TENANT, [proposed]).then(
          ([result]) => (result?.kind === 'failed' ? result.error.code.toLowerCase() : (result?.kind ?? '')),
          () => 'rejected',
        )
      expect(await kindOf()).toMatch(/committed|unavailable/)
      expect(performance.now() - started).toBeLessThan(CALL_MS + 500)
      await until(async () => expect(await kindOf()).toMatch(/committed|repeated/))
      expect((await store.log(TENANT, { after: 1, limit: ALL })).commits.map(({ id }) => id)).toEqual([proposed.id])
    })

    test('a set without a primary makes calls UNAVAILABLE; they go on when there is one', async () => {
      server.proxy.greetAs('secondary')
      await expect(commit(store, TENANT, [put('posts/1', 1)])).rejects.toEqual(unavailable)
      await expect(store.heads(TENANT, [path('posts/0')])).rejects.toEqual(unavailable)
      server.proxy.greetAs('primary')
      await expect
        .poll(
          () =>
            commit(store, TENANT, [put('posts/2', 1)]).then(
              () => true,
              () => false,
            ),
          { timeout: 10_000 },
        )
        .toBe(true)
    })

    test('opening says what is wrong: no replica set, no primary, no server', async () => {
      onTestFinished(() => server.proxy.greetAs('primary'))
      const sentence = (url: string): Promise<unknown> =>
        openMongoStore({ url, database, callMs: 1_000 }).catch((error: Error) => error.message)
      server.proxy.greetAs('standalone')
      expect(await sentence(`mongodb://${server.proxy.address}/`)).toMatch(/standalone server.*--replSet/)
      server.proxy.greetAs('secondary')
      expect(await sentence(server.url)).toMatch(/no primary/)
      const nobody = createServer().listen(0, '127.0.0.1')
      await once(nobody, 'listening')
      const { port } = nobody.address() as AddressInfo
      nobody.close()
      expect(await sentence(`mongodb://127.0.0.1:${port}/`)).toMatch(/no server answers/)
    })

    test('opening says that user name or password are refused', async () => {
      server.proxy.refuse('saslStart', 18)
      const url = server.url.replace('mongodb://', 'mongodb://ann:secret@')
      const error = await openMongoStore({ url, database, callMs: 1_000 }).catch((reason: unknown) => reason)
      expect(error).toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringMatching(/user name or the password/) as string,
      })
    })

    test('a URL that asks for less than majority is refused, and none shows a password', async () => {
      for (const weak of [
        'w=1',
        'w=0',
        'journal=false',
        'readConcernLevel=local',
        'readPreference=secondary',
        'nonsense=1',
      ]) {
        const error = await openMongoStore({ url: `mongodb://ann:secret@127.0.0.1:1/?${weak}` }).catch(
          (reason: unknown) => reason,
        )
        expect(error).toMatchObject({ code: 'BAD_REQUEST', details: { argument: 'url' } })
        expect((error as Error).message).not.toContain('secret')
      }
    })
  })
})
