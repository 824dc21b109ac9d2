import { expect, onTestFinished, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import { openEngine } from '../../src/db/engine.ts'
import { refusal } from '../contract/database/subject.ts'
import { pull } from '../support/database/pull.ts'
import { describeMongo, type MongoSuite } from '../support/mongo/suite.ts'

/** A process with a connection of its own. */
async function serverOn(mongo: MongoSuite, tenant = 'default'): Promise<Database> {
  const engine = await openEngine(await mongo.open())
  onTestFinished(() => engine.close())
  return engine.database(tenant, { actor: null })
}

describeMongo('atLeast on MongoDB', (mongo) => {
  test('what one server wrote, every read and feed of another one shows that asks for it', async () => {
    const [writer, reader] = [await serverOn(mongo), await serverOn(mongo)]
    await reader.log(['*'])
    for (let i = 1; i <= 10; i++) {
      const { cursor: atLeast } = await writer.put('posts/1', i)
      const live = reader.live(['posts'], { atLeast })
      const seen = await Promise.all([
        reader.get('posts/1', { atLeast }),
        reader.history('posts/1', { atLeast, last: 1 }).then(({ edges }) => edges[0]?.node.value),
        reader.log(['*'], { atLeast, last: 1 }).then(({ changes }) => changes[0]?.document.value),
        reader.diff('posts/1', { from: { version: i }, atLeast }).then(({ length }) => length + i),
        reader.collections(null, { atLeast }).then((page) => (page?.edges[0]?.node.documents ?? 0) - 1 + i),
        pull(live).then(({ changes }) => changes[0]?.document.value),
      ])
      await live.return?.()
      expect(seen).toEqual(seen.map(() => i))
    }
  })

  test('a cursor of another tenant is CURSOR_UNKNOWN', async () => {
    const [one, other] = [await serverOn(mongo), await serverOn(mongo, 'other')]
    const { cursor: atLeast } = await one.put('posts/1', 1)
    expect(await refusal(other.get('posts/1', { atLeast }))).toEqual({ code: 'CURSOR_UNKNOWN' })
  })
})
