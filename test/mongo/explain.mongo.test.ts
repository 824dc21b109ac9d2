import { MongoClient } from 'mongodb'
import { expect, onTestFinished, test } from 'vitest'
import type { MongoStore } from '../../src/store/mongo/mongo-store.ts'
import type { LogRange } from '../../src/store/store.ts'
import { choice, describeMongo, type MongoSuite } from '../support/mongo/suite.ts'
import type { Doc } from '../support/mongo/wire.ts'
import { draft, path, put, remove } from '../support/store/drafts.ts'
import { until } from '../support/time/until.ts'

const TENANT = 'acme'
const LIMIT = { rows: 50, bytes: 1e9 }
const NOTES = { kind: 'collection', path: ['notes'], limit: LIMIT } as const

/** A page of the newest commits. */
async function newest(store: MongoStore, range: Partial<LogRange>): Promise<{ readonly rows: readonly unknown[] }> {
  const { commits } = await store.log(TENANT, { after: 0, reverse: true, limit: LIMIT, ...range })
  return { rows: commits }
}

type Pages = Readonly<Record<string, (store: MongoStore) => Promise<{ readonly rows: readonly unknown[] }>>>

/** The pages that are looked at, by name. */
const PAGES: Pages = {
  'history, oldest': (store) => store.history(TENANT, path('posts/1'), { limit: LIMIT }),
  'history, newest': (store) => store.history(TENANT, path('posts/1'), { reverse: true, limit: LIMIT }),
  'history, from the middle': (store) => store.history(TENANT, path('posts/1'), { after: 100, limit: LIMIT }),
  'collection, first': (store) => store.list(TENANT, NOTES),
  'collection, last': (store) => store.list(TENANT, { ...NOTES, reverse: true }),
  'collection, from the middle': (store) => store.list(TENANT, { ...NOTES, after: path('notes/060') }),
}

/** As PAGES, of more commits than a process has in memory. */
const LONG_PAGES: Pages = { ...PAGES, 'log, of an actor': (store) => newest(store, { actor: 'ann' }) }

/** Numbers from 0, in tens so that a commit stays small. */
function tens(count: number): readonly (readonly number[])[] {
  return Array.from({ length: count / 10 }, (_, i) => Array.from({ length: 10 }, (_value, k) => 10 * i + k))
}

const note = (i: number): string => `notes/${String(i).padStart(3, '0')}`

/** A store over so many versions of posts/1 and so many notes, 3 of 5 of them deleted, that has looked at them once. */
async function filled(mongo: MongoSuite, count: number): Promise<MongoStore> {
  // Where no index is used, every head is looked at for each that is updated.
  const store = await mongo.open({ callMs: 30_000 })
  const versions = Array.from({ length: count }, (_, i) => draft([put('posts/1', i + 1)], { actor: 'ann' }))
  const notes = tens(count).map((ids) => draft(ids.map((i) => put(note(i), 1))))
  const deletes = tens(count).map((ids) => draft(ids.filter((i) => i % 5 < 3).map((i) => remove(note(i), 2))))
  await store.append(TENANT, [...versions, ...notes])
  await store.append(TENANT, deletes)
  await applied(mongo, count + 2 * (count / 10))
  await store.heads(TENANT, [path('posts/1')])
  return store
}

async function applied(mongo: MongoSuite, revision: number): Promise<void> {
  const meta = clientOf(mongo).db(mongo.database).collection<{ readonly _id: string; readonly applied: number }>('meta')
  await until(async () => expect((await meta.findOne({ _id: TENANT }))?.applied).toBe(revision))
}

function clientOf(mongo: MongoSuite): MongoClient {
  const client = new MongoClient(mongo.server.url)
  onTestFinished(() => client.close())
  return client
}

interface Looked {
  readonly name: string
  readonly rows: number
  readonly finds: readonly Doc[]
  readonly mores: number
}

/** What the server is asked for each page. */
async function look(mongo: MongoSuite, store: MongoStore, pages: Pages): Promise<readonly Looked[]> {
  const looked: Looked[] = []
  for (const [name, read] of Object.entries(pages)) {
    const [finds, mores] = [mongo.server.proxy.record('find'), mongo.server.proxy.record('getMore')]
    const { rows } = await read(store)
    for (const recording of [finds, mores]) recording.stop()
    looked.push({ name, rows: rows.length, finds: finds.commands, mores: mores.commands.length })
  }
  return looked
}

/** Collection and filter of a find; the scope is in every one of a sharded cluster. */
function shapeOf({ find, filter }: Doc): string {
  return `${String(find)} by ${Object.keys(filter as Doc)
    .filter((key) => key !== 't')
    .join()}`
}

/** Beside its rows a page looks for the log's next key and at the tenant's row: both at once, by `_id`. */
const BESIDE: readonly string[] = ['log by _id', 'meta by _id']

/** The shapes of finds. Where ranges are not sought, the last row of the log and the next one need a find each. */
function lookedAt(finds: readonly Doc[]): readonly string[] {
  const shapes = finds.map(shapeOf)
  return [...shapes.filter((shape) => shape !== 'log by _id'), 'log by _id'].toSorted()
}

const rowsOf = ({ finds }: Looked): readonly Doc[] => finds.filter((find) => !BESIDE.includes(shapeOf(find)))

describeMongo('pages on MongoDB', (mongo) => {
  test.each([10, 200])(
    'a page is one query for its rows and a constant look beside it, of %i versions as of any',
    async (count) => {
      const looked = await look(mongo, await filled(mongo, count), PAGES)
      const rows = (name: string): string => (name.startsWith('history') ? 'log by ops.p,n' : 'heads by live,_id')
      const expected = Object.keys(PAGES).map((name) => [name, [rows(name), ...BESIDE].toSorted(), 0])
      expect(looked.map(({ name, finds, mores }) => [name, lookedAt(finds), mores])).toEqual(expected)
      expect(looked.map((page) => page.rows)).toEqual(count === 10 ? [10, 10, 0, 4, 4, 0] : [50, 50, 50, 50, 50, 50])
    },
    60_000,
  )

  const honest = 'a page examines no more keys and documents than its rows and one'
  const standIn = choice.kind === 'stand-in'
  test.skipIf(standIn)(
    standIn ? `${honest} (not here: FerretDB does not explain what it did)` : honest,
    async (test) => {
      const client = clientOf(mongo)
      const build = await client.db('admin').command({ buildInfo: 1 })
      if ('ferretdbVersion' in build) test.skip('FerretDB does not explain what it did')
      for (const page of await look(mongo, await filled(mongo, 500), LONG_PAGES)) {
        for (const find of rowsOf(page)) {
          const { totalDocsExamined, totalKeysExamined } = await explained(client, mongo.database, find)
          expect([page.name, totalDocsExamined <= page.rows + 1, totalKeysExamined <= page.rows + 1]).toEqual([
            page.name,
            true,
            true,
          ])
        }
      }
    },
    60_000,
  )
})

interface Examined {
  readonly totalDocsExamined: number
  readonly totalKeysExamined: number
}

/** What decides on the plan of a find; the rest belongs to the message that it came in. */
const PLANNED: ReadonlySet<string> = new Set(['find', 'filter', 'sort', 'limit', 'hint', 'projection', 'skip'])

/** What the server says that it touches to answer a find. */
async function explained(client: MongoClient, database: string, find: Doc): Promise<Examined> {
  const command = Object.fromEntries(Object.entries(find).filter(([key]) => PLANNED.has(key)))
  const { executionStats } = await client.db(database).command({ explain: command, verbosity: 'executionStats' })
  return executionStats as Examined
}
