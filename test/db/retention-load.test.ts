import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Database, DocumentPage } from '../../src/core/database.ts'
import { DatabaseError } from '../../src/core/error.ts'
import { openEngine } from '../../src/db/engine.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { following } from '../contract/database/subject.ts'
import { seedOfTest } from '../support/seed.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'
import { until } from '../support/time/until.ts'
import { randomFrom } from '../support/writers/load.ts'

const WRITERS = 8
const READERS = 8
const WRITES = Number(process.env['TIDEMARK_RETENTION_WRITES'] ?? 400)
/** The clock of the test runs so many times as fast: what is a minute old was written 60 ms ago. */
const HASTE = 1_000

/** What was written: document → version → value, and the cursor of its commit. */
type Written = Map<string, { readonly n: number; readonly cursor: string }[]>

async function write(db: Database, written: Written, writer: number): Promise<void> {
  const path = `a/${writer}`
  const versions: { readonly n: number; readonly cursor: string }[] = []
  written.set(path, versions)
  for (let n = 1; n <= WRITES; n++) {
    const { cursor } = await db.put(path, { n })
    versions.push({ n, cursor })
  }
}

interface Seen {
  exact: number
  expired: number
  readonly wrong: string[]
}

/** Reads random versions of random documents in three ways until the writers are done. */
async function readThePast(db: Database, written: Written, seen: Seen, next: () => number): Promise<void> {
  while ([...written.values()].some((versions) => versions.length < WRITES)) {
    const path = `a/${Math.floor(next() * WRITERS)}`
    const versions = written.get(path) ?? []
    const one = versions[Math.floor(next() * versions.length)]
    // The embedded store answers without waiting: a loop of reads alone would stop everything else.
    await nextTurn()
    if (one !== undefined) await readOne(db, seen, { path, ...one, kind: Math.floor(next() * 3) })
  }
}

interface PastRead {
  readonly path: string
  readonly n: number
  readonly cursor: string
  readonly kind: number
}

async function readOne(db: Database, seen: Seen, { path, n, cursor, kind }: PastRead): Promise<void> {
  try {
    const value = await valueOf(db, { path, n, cursor, kind })
    if (JSON.stringify(value) === JSON.stringify({ n })) seen.exact++
    else seen.wrong.push(`${path} at ${n} by ${kind}: ${JSON.stringify(value)}`)
  } catch (error) {
    if (error instanceof DatabaseError && error.code === 'HISTORY_EXPIRED') seen.expired++
    else throw error
  }
}

async function valueOf(db: Database, { path, n, cursor, kind }: PastRead): Promise<unknown> {
  if (kind === 0) return (await db.document(path, { asOf: { version: n } }))?.value
  if (kind === 1) return db.get(path, { asOf: { cursor } })
  const page: DocumentPage = await db.documents('a', { asOf: { cursor }, first: 100 })
  return page.edges.find(({ node }) => node.path === path)?.node.value
}

test(`retention beside ${WRITERS} writers and ${READERS} readers: no answer is wrong, no change missed`, async () => {
  const seed = seedOfTest()
  await using directory = await freshDirectory()
  const store = await openLmdbStore({ directory: directory.path })
  const began = Date.now()
  const engine = await openEngine(store, { now: () => began + (Date.now() - began) * HASTE })
  const db = engine.database('default', { actor: null })
  await db.put('_system/retention', { log: { maxAgeMs: 60_000 }, paths: [{ path: 'a', versions: { last: 5 } }] })
  const written: Written = new Map()
  const seen: Seen = { exact: 0, expired: 0, wrong: [] }
  const delays = monitorEventLoopDelay({ resolution: 1 })
  delays.enable()
  await following(db, ['a'], {}, async (reader) => {
    await reader.upToDate()
    const feed = reader.until(WRITERS * WRITES)
    await Promise.all([
      ...Array.from({ length: WRITERS }, (_, writer) => write(db, written, writer)),
      ...Array.from({ length: READERS }, (_, i) => readThePast(db, written, seen, randomFrom(seed + i))),
    ])
    const changes = await feed
    for (const path of written.keys()) {
      const versions = changes
        .filter((change) => change.includes(` ${path}@`))
        .map((change) => Number(change.split('@')[1]))
      expect(versions).toEqual(Array.from({ length: WRITES }, (_, i) => i + 1))
    }
  })
  delays.disable()
  expect(seen.wrong).toEqual([])
  expect(seen.exact).toBeGreaterThan(0)
  await until(async () => {
    for (const path of written.keys()) expect((await db.history(path)).edges.length).toBeLessThanOrEqual(5)
  })
  for (const path of written.keys()) expect(await db.get(path)).toEqual({ n: WRITES })
  const { removedVersions } = engine.retention()
  expect(removedVersions).toBeGreaterThan(0)
  console.info(
    `retention beside load: ${seen.exact} exact reads, ${seen.expired} expired, ${removedVersions} versions removed, ` +
      `turns of the event loop: 99 % ${ms(delays.percentile(99))}, 99.9 % ${ms(delays.percentile(99.9))}, ` +
      `longest ${ms(delays.max)}`,
  )
  await engine.close()
  await store.close()
}, 120_000)

function ms(nanoseconds: number): string {
  return `${(nanoseconds / 1e6).toFixed(1)} ms`
}
