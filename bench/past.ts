import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from '../src/core/database.ts'
import { openEngine } from '../src/db/engine.ts'
import { openLmdbStore } from '../src/store/lmdb/lmdb-store.ts'
import { interleaved, number, progress, ratio, table, type Figure } from './figures.ts'

const FEW = 10
const MANY = 100_000
const READS = 3_000

/**
 * Reads of the last 10 versions, and as of a random time, of a short and a long history: does the cost depend on
 * length?
 */
export async function past(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-bench-'))
  const store = await openLmdbStore({ directory })
  const engine = await openEngine(store)
  const db = engine.database('bench', { actor: null })
  const times = { few: await write(db, 'docs/few', FEW), many: await write(db, 'docs/many', MANY) }
  const history = (path: string) => () => measured(() => db.history(path, { last: 10 }))
  const asOf =
    (path: string, [from, to]: readonly [number, number]) =>
    () =>
      measured(() => db.document(path, { asOf: { time: new Date(from + Math.random() * (to - from)).toISOString() } }))
  const head = () => measured(() => db.document('docs/many'))
  const figures = await interleaved(
    {
      head,
      lastOfFew: history('docs/few'),
      lastOfMany: history('docs/many'),
      asOfFew: asOf('docs/few', times.few),
      asOfMany: asOf('docs/many', times.many),
    },
    5,
  )
  await engine.close()
  await store.close()
  await rm(directory, { recursive: true })
  console.log(`Reads of the past per second, of ${FEW} and of ${number(MANY)} versions (in process)`)
  const row = (name: string, few: Figure, many: Figure): string[] => [
    name,
    number(few.perSecond),
    number(many.perSecond),
    ratio(few.perSecond / many.perSecond),
  ]
  table(
    ['', 'few', 'many', 'cost of many / few'],
    [
      row('last 10 versions', figures.lastOfFew, figures.lastOfMany),
      row('as of a random time', figures.asOfFew, figures.asOfMany),
      ['latest', '', number(figures.head.perSecond), ''],
    ],
  )
}

/** Writes versions in groups; returns the times of the first and of the last. */
async function write(db: Database, path: string, versions: number): Promise<readonly [number, number]> {
  const first = await db.put(path, { n: 0, body: 'x'.repeat(100) })
  const group = Math.min(versions, 200)
  for (let n = 1; n < versions; n += group) {
    progress(`${path}: ${n} of ${versions} versions`)
    await Promise.all(
      Array.from({ length: Math.min(group, versions - n) }, (_, i) =>
        db.put(path, { n: n + i, body: 'x'.repeat(100) }),
      ),
    )
  }
  const last = await db.document(path)
  return [Date.parse(first.at), Date.parse(last?.updatedAt ?? first.at)]
}

async function measured(read: () => Promise<unknown>): Promise<Figure> {
  const begun = performance.now()
  for (let i = 0; i < READS; i++) await read()
  return { perSecond: READS / ((performance.now() - begun) / 1000) }
}
