import { openEngine } from '../src/db/engine.ts'
import type { Database } from '../src/core/database.ts'
import { openLmdbStore } from '../src/store/lmdb/lmdb-store.ts'
import { openMongoStore } from '../src/store/mongo/open-mongo-store.ts'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chooseMongo, startMongo } from '../test/support/mongo/server.ts'
import { interleaved, number, ratio, table, type Figure } from './figures.ts'
import { machine } from './machine.ts'

/** Background commands, for which no write or read waits. */
const BACKGROUND: ReadonlySet<string> = new Set([
  'hello',
  'isMaster',
  'ismaster',
  'getMore',
  'ping',
  'endSessions',
  'killCursors',
])
const WRITERS = 32
const COMMITS = 640

/** `npm run bench:mongodb`: round trips per commit, and the embedded store beside MongoDB, for orientation. */
async function main(): Promise<void> {
  const choice = await chooseMongo()
  if (choice.kind === 'none') return console.log(`No MongoDB to measure: ${choice.label}.`)
  const server = await startMongo(choice)
  const store = await openMongoStore({ url: server.url, database: server.database() })
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-bench-'))
  const embedded = await openLmdbStore({ directory })
  const engines = [await openEngine(store), await openEngine(embedded)] as const
  const [mongo, lmdb] = engines.map((engine) => engine.database('bench', { actor: null })) as [Database, Database]
  await writers(mongo, WRITERS)
  const before = commandsOf(server.proxy.counts)
  await writers(mongo, COMMITS)
  const roundTrips = (commandsOf(server.proxy.counts) - before) / COMMITS
  console.log(
    `${machine()}\nMongoDB: ${server.label}. Figures of a stand-in are the stand-in's, for orientation only.\n`,
  )
  console.log(`Commands per commit with ${WRITERS} writers in one process: ${ratio(roundTrips)}\n`)
  const run = (db: Database) => () => measured(db)
  const figures = await interleaved({ mongo: run(mongo), lmdb: run(lmdb) }, 3)
  table(
    ['commits per second', 'MongoDB', 'embedded', 'MongoDB / embedded'],
    [
      [
        `${WRITERS} writers`,
        number(figures.mongo.perSecond),
        number(figures.lmdb.perSecond),
        ratio(figures.mongo.perSecond / figures.lmdb.perSecond),
      ],
    ],
  )
  for (const engine of engines) await engine.close()
  await Promise.all([store.close(), embedded.close()])
  await server.stop()
  await rm(directory, { recursive: true })
}

function commandsOf(counts: ReadonlyMap<string, number>): number {
  return [...counts].filter(([name]) => !BACKGROUND.has(name)).reduce((sum, [, count]) => sum + count, 0)
}

/** Posts by `WRITERS` concurrent writers, each sequentially. */
async function writers(db: Database, commits: number): Promise<void> {
  const each = Math.ceil(commits / WRITERS)
  const writer = async (): Promise<void> => {
    for (let i = 0; i < each; i++) await db.post('posts', { title: 'A post', body: 'x'.repeat(100) })
  }
  await Promise.all(Array.from({ length: WRITERS }, writer))
}

async function measured(db: Database): Promise<Figure> {
  const begun = performance.now()
  await writers(db, COMMITS)
  return { perSecond: COMMITS / ((performance.now() - begun) / 1000) }
}

await main()
