import { expect, onTestFinished, test } from 'vitest'
import { openMongoStore } from '../../src/store/mongo/open-mongo-store.ts'
import { skewOf } from '../../src/store/mongo/deployment/greeting.ts'
import { describeMongo, type MongoSuite } from '../support/mongo/suite.ts'
import type { Doc } from '../support/mongo/wire.ts'
import { commit, put } from '../support/store/drafts.ts'

/** Changes what the server says of itself, until the test's end. */
function greetWith(mongo: MongoSuite, change: (reply: Doc) => Doc): void {
  mongo.server.proxy.alter('hello', (reply) => ({ ...reply, ...change(reply) }))
  onTestFinished(() => mongo.server.proxy.alter('hello', null))
}

describeMongo('what a server says of itself', (mongo) => {
  const failure = (url: string): Promise<unknown> =>
    openMongoStore({ url, database: mongo.database }).then(
      (store) => store.close(),
      (error: unknown) => error,
    )

  test('a URL that keeps to one member of several is refused; a set of one is not', async () => {
    const url = mongo.server.url.replace(/replicaSet=[^&]*/, 'directConnection=true')
    expect(await failure(url)).toBeUndefined()
    greetWith(mongo, ({ me }) => ({ hosts: [me, '127.0.0.1:9'] }))
    expect(await failure(url)).toMatchObject({
      code: 'BAD_REQUEST',
      message: expect.stringMatching(
        /directConnection=true keeps to one server of a set of 2.*replicaSet=rs0/,
      ) as string,
      details: { argument: 'url' },
    })
  })

  test('a clock that differs by 5 s is reported in a line, and one by 60 s refused', async () => {
    const lines: string[] = []
    greetWith(mongo, () => ({ localTime: new Date(Date.now() - 5_000) }))
    await mongo.open({ onStatus: (line) => void lines.push(line) })
    expect(lines.filter((line) => line.includes('clock'))).toEqual([
      expect.stringMatching(/^MongoDB: the clock of this machine is \d\.\d s ahead of that of its primary; let NTP/),
    ])
    greetWith(mongo, () => ({ localTime: new Date(Date.now() + 60_000) }))
    expect(await failure(mongo.server.url)).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/is (59|60)\.\d s behind that of its primary, and 10 s is the most/) as string,
    })
  })

  test('the time that a greeting takes is no difference of the clocks', () => {
    const at = (localTime: number): number =>
      skewOf({ reply: { localTime: new Date(localTime) }, askedAt: 1_000, receivedAt: 4_000 })
    expect([at(500), at(1_000), at(2_500), at(4_000), at(4_100)]).toEqual([500, 0, 0, 0, -100])
  })

  test('commits are asked to be in the journal of a majority, and indexes to be made by one', async () => {
    const [inserts, indexes] = [mongo.server.proxy.record('insert'), mongo.server.proxy.record('createIndexes')]
    await commit(await mongo.open(), 'acme', [put('posts/1', 1)])
    for (const recording of [inserts, indexes]) recording.stop()
    const log = inserts.commands.filter(({ insert }) => insert === 'log')
    expect(log.map(({ writeConcern }) => writeConcern)).toMatchObject([{ w: 'majority', j: true }])
    expect(indexes.commands.map(({ commitQuorum }) => commitQuorum)).toEqual(
      Array.from({ length: 7 }, () => 'majority'),
    )
  })

  test('an index may take longer than any other command', async () => {
    const held = mongo.server.proxy.holdReply('createIndexes')
    const opening = mongo.open({ callMs: 500 })
    const release = await held
    // The driver's sockets wait for 225 ms, and a command that is not settled after 300 ms counts as lost.
    setTimeout(release, 800)
    await commit(await opening, 'acme', [put('posts/1', 1)])
  })
})
