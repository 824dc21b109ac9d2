import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from '../src/core/database.ts'
import type { Cursor } from '../src/core/database/options.ts'
import { openEngine } from '../src/db/engine.ts'
import { openLmdbStore } from '../src/store/lmdb/lmdb-store.ts'
import { interleaved, number, ratio, reading, table, type Figure } from './figures.ts'
import { FILLED_FROM, put, range, remove, StoreFiller } from './store-filler.ts'

/** Commits of others beside what is looked for. */
const FEW = 1_000
const MANY = 1_000_000
/** Versions of one document. */
const SHORT = 10
const LONG = 100_000
/** Documents of a large collection, and deleted ones beside a page. */
const WIDE = 100_000
const ROUNDS = 9

/** Reads of the past, beside few and beside many commits of others: does the cost depend on the length of the log? */
export async function past(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-bench-'))
  const store = await openLmdbStore({ directory })
  const engine = await openEngine(store)
  const db = (tenant: string): Database => engine.database(tenant, { actor: null })
  const filler = new StoreFiller(store)
  for (const [tenant, commits] of Object.entries({ few: FEW, many: MANY })) await fillLog(filler, tenant, commits)
  const moments = await fillDeleted(filler, 'deleted')
  const beside: readonly (readonly [string, Figure, Figure])[] = await measureLogs(db)
  console.log(
    `Reads of the past per CPU second, beside ${number(FEW)} and ${number(MANY)} commits of others (in process)`,
  )
  table(
    ['', number(FEW), number(MANY), 'cost of many / few'],
    beside.map(([name, few, many]) => [
      name,
      number(few.perSecond),
      number(many.perSecond),
      ratio(few.perSecond / many.perSecond),
    ]),
  )
  await showPages(db, moments)
  await engine.close()
  await store.close()
  await rm(directory, { recursive: true })
}

type Reads = Readonly<Record<string, (db: Database) => Promise<unknown>>>

const LOG_READS: Reads = {
  'last 10 of a collection of 2 documents': (db) => db.history('quiet', { last: 10 }),
  'last 10 of a collection of 1,000': (db) => db.history('thousand', { last: 10 }),
  [`last 10 of a collection of ${number(WIDE)}`]: (db) => db.history('wide', { last: 10 }),
  'history of a field written once': (db) => db.history('quiet/1/once', { last: 10 }),
  'last 10 changes of an actor': (db) => db.log(['*'], { actor: 'ann', last: 10 }),
  'last 10 of an actor in a collection that others write': (db) => db.history('busy', { actor: 'ann', last: 10 }),
  'last 10 changes of an actor in a period': (db) =>
    db.log(['*'], {
      actor: 'ann',
      last: 10,
      from: new Date(FILLED_FROM).toISOString(),
      to: new Date(FILLED_FROM + 7_000_000).toISOString(),
    }),
  [`last 10 of ${number(SHORT)} versions of a document`]: (db) => db.history('docs/short', { last: 10 }),
  [`last 10 of ${number(LONG)} versions of a document`]: (db) => db.history('docs/long', { last: 10 }),
  'a document as of a moment among its versions': (db) => db.document('docs/long', { asOf: { version: LONG / 2 } }),
}

async function measureLogs(db: (tenant: string) => Database): Promise<readonly (readonly [string, Figure, Figure])[]> {
  const names = Object.keys(LOG_READS)
  const measurements = Object.entries(LOG_READS).flatMap(([name, read]) =>
    ['few', 'many'].map((tenant) => [`${name}, ${tenant}`, reading(() => read(db(tenant)))] as const),
  )
  const figures = await interleaved(Object.fromEntries(measurements), ROUNDS)
  const none: Figure = { perSecond: NaN }
  return names.map((name) => [name, figures[`${name}, few`] ?? none, figures[`${name}, many`] ?? none])
}

/**
 * What is looked for, then the commits of others. A hundred of these are by the actor ann, the rest is by bob.
 */
async function fillLog(filler: StoreFiller, tenant: string, commits: number): Promise<void> {
  await filler.commits(tenant, 6, (i) => ({
    writes: i === 0 ? [put('quiet/0', 1), put('quiet/1', 1)] : [put('quiet/1', i + 1, ['n'])],
  }))
  for (const [name, count] of Object.entries({ thousand: 1_000, wide: WIDE })) {
    await filler.documents(tenant, count, (i) => `${name}/${i}`)
    await filler.commits(tenant, 10, (i) => ({ writes: [put(`${name}/${i}`, 2)] }))
  }
  for (const [id, count] of Object.entries({ short: SHORT, long: LONG })) {
    await filler.commits(tenant, count, (i) => ({ writes: [put(`docs/${id}`, i + 1)] }))
  }
  const versions = new Map<string, number>()
  await filler.commits(tenant, commits, (i) => {
    const path = `busy/${i % 997}`
    const version = (versions.get(path) ?? 0) + 1
    versions.set(path, version)
    return { writes: [put(path, version)], actor: i % (commits / 100) === 7 ? 'ann' : 'bob' }
  })
}

/** Moments of a collection. */
interface Moments {
  /** 60 commits of the collection ago. */
  readonly near: Cursor
  /** These, and 940 commits of others ago. */
  readonly elsewhere: Cursor
  /** Right behind the deletes: these, and 1,000 commits of the collection ago. */
  readonly far: Cursor
}

/** A collection in which all but one of a thousand documents are deleted, then commits there and elsewhere. */
async function fillDeleted(filler: StoreFiller, tenant: string): Promise<Moments> {
  const id = (i: number): string => `posts/${String(i).padStart(7, '0')}`
  await filler.documents(tenant, WIDE, id)
  await filler.commits(tenant, WIDE / 100, (commit) => ({
    writes: range(100)
      .map((i) => commit * 100 + i)
      .filter((i) => i % 1_000 !== 999)
      .map((i) => remove(id(i), 2)),
  }))
  const far = await filler.cursor(tenant)
  await filler.commits(tenant, 1_000, (i) => ({ writes: [put(`posts/x/far/${i}`, 1)] }))
  const elsewhere = await filler.cursor(tenant)
  await filler.commits(tenant, 940, (i) => ({ writes: [put(`other/${i}`, 1)] }))
  const near = await filler.cursor(tenant)
  await filler.commits(tenant, 60, (i) => ({ writes: [put(`posts/x/near/${i}`, 1)] }))
  return { near, elsewhere, far }
}

async function showPages(db: (tenant: string) => Database, { near, elsewhere, far }: Moments): Promise<void> {
  const page = (asOf?: { readonly cursor: Cursor }) => () => db('deleted').documents('posts', { first: 50, asOf })
  const figures = await interleaved(
    {
      latest: reading(page()),
      near: reading(page({ cursor: near })),
      elsewhere: reading(page({ cursor: elsewhere })),
      far: reading(page({ cursor: far })),
    },
    ROUNDS,
  )
  const row = (name: string, { perSecond }: Figure): string[] => [
    name,
    number(perSecond),
    ratio(figures.latest.perSecond / perSecond),
  ]
  console.log(`Pages of 50 documents beside ${number(WIDE)} deleted ones (in process)`)
  table(
    ['', 'per CPU second', 'cost to the latest'],
    [
      row('latest', figures.latest),
      row('as of 60 commits of the collection ago', figures.near),
      row('as of 940 commits of others before these', figures.elsewhere),
      row('as of right behind the deletes, 1,000 commits of the collection before these', figures.far),
    ],
  )
}
