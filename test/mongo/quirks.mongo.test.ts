import { expect, test } from 'vitest'
import { quirksOf } from '../../src/store/mongo/deployment/quirks.ts'
import { databaseOf, KINDS, pretend, settled } from '../support/mongo/database.ts'
import { choice, describeMongo } from '../support/mongo/suite.ts'
import type { Doc } from '../support/mongo/wire.ts'
import { commit, put, remove } from '../support/store/drafts.ts'

const TENANT = 'acme'
const NOTES = Array.from({ length: 60 }, (_, i) => `notes/${i}`)

describeMongo('commands for a kind of server', (mongo) => {
  const few = choice.kind === 'stand-in' ? 2 : 1

  test.each([
    ['as it is', few],
    ['as MongoDB', 1],
  ] as const)(
    'the heads of a commit of 60 documents are updated at once, if the server can (%s)',
    async (kind, count) => {
      pretend(mongo, kind)
      const store = await mongo.open({ callMs: 30_000 })
      const puts = NOTES.map((text) => put(text, 1))
      await commit(store, TENANT, puts)
      await settled(databaseOf(mongo), TENANT, 1)
      const updates = mongo.server.proxy.record('update')
      const removes = NOTES.map((text) => remove(text, 2))
      await commit(store, TENANT, removes)
      updates.stop()
      // The janitor waits for a majority.
      const own = updates.commands.filter(({ writeConcern }) => (writeConcern as Doc | undefined)?.['w'] !== 'majority')
      expect(own).toHaveLength(count)
    },
  )

  test.each(KINDS)('a range of paths is asked of one write of a commit, by both of its bounds (%s)', async (kind) => {
    pretend(mongo, kind)
    const store = await mongo.open()
    await commit(store, TENANT, [put('notes/1', 1), put('posts/1', 1)])
    await commit(store, TENANT, [put('posts/2', 1)])
    const finds = mongo.server.proxy.record('find')
    const names = await store.collections(TENANT, [[]], 1)
    finds.stop()
    // As MongoDB, the stand-in finds nothing.
    if (kind === 'as it is') expect(names).toEqual([['notes', 'posts']])
    const ranges = ['notes', 'posts'].map((name) => ({ $gte: `${name}/`, $lt: `${name}0` }))
    const one = ranges.map((p) => ({ ops: { $elemMatch: { p } } }))
    const any = ranges.map((range) => ({ 'ops.p': range }))
    const filters = finds.commands.flatMap(({ filter }) => {
      const { n, ...rest } = filter as Doc
      return n === undefined ? [] : [{ ...rest, t: undefined }]
    })
    expect(filters).toEqual(kind === 'as it is' && choice.kind === 'stand-in' ? any : one)
  })
})

test('FerretDB 1 is known by its answer to buildInfo, and any other server is taken for MongoDB', () => {
  const known = quirksOf({ version: '7.0.42', ferretdbVersion: 'v1.24.0' })
  const others = [{ version: '8.0.4' }, { version: '7.0.77', ferretdb: { version: 'v2.1.0' } }, {}].map(quirksOf)
  expect([known, ...others].map(({ maxUpdates }) => maxUpdates)).toEqual([32, 500, 500, 500])
})
