import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from '../../src/core/database.ts'
import { openEngine } from '../../src/db/engine.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { interleaved, number, progress, ratio, table, type Figure } from '../figures.ts'

const COUNTS = [1, 1_000, 100_000] as const
const WRITES = 1_000
const ROUNDS = 7

/**
 * The cost of a write by the number of readers, each of the documents of another author. Each write matches one reader,
 * and starts when the previous one is done. Measured in CPU time: the time of the disk would hide the difference.
 */
export async function shapes(): Promise<void> {
  const subjects = await Promise.all(COUNTS.map(async (count) => [String(count), await openSubject(count)] as const))
  const figures = await interleaved(Object.fromEntries(subjects.map(([name, { write }]) => [name, write])), ROUNDS)
  for (const [, { close }] of subjects) await close()
  const one = figures['1']?.cpuMicros ?? NaN
  console.log(`Writes beside readers with \`where: "value.author == …"\`, each with another author (in process)`)
  table(
    ['readers', 'writes per second', 'CPU µs per write', 'cost to that beside one'],
    Object.entries(figures).map(([name, { perSecond, cpuMicros = NaN }]) => [
      number(Number(name)),
      number(perSecond),
      cpuMicros.toFixed(1),
      ratio(cpuMicros / one),
    ]),
  )
}

interface Subject {
  readonly write: () => Promise<Figure>
  readonly close: () => Promise<void>
}

async function openSubject(count: number): Promise<Subject> {
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-bench-'))
  const store = await openLmdbStore({ directory })
  const engine = await openEngine(store)
  const db = engine.database('bench', { actor: null })
  let seen = 0
  for (let i = 0; i < count; i++) {
    await follow(db, i, () => seen++)
    if (i % 1_000 === 0) progress(`${i} of ${count} readers`)
  }
  let n = 0
  const write = async (): Promise<Figure> => {
    const goal = seen + WRITES
    const [begun, cpu] = [performance.now(), process.cpuUsage()]
    for (let i = 0; i < WRITES; i++) {
      await db.post('posts', { title: 'A post as people write them', author: String(n++ % count) })
    }
    while (seen < goal) await new Promise((resolve) => setImmediate(resolve))
    const { user, system } = process.cpuUsage(cpu)
    return { perSecond: WRITES / ((performance.now() - begun) / 1_000), cpuMicros: (user + system) / WRITES }
  }
  const close = async (): Promise<void> => {
    await engine.close()
    await store.close()
    await rm(directory, { recursive: true })
  }
  return { write, close }
}

/** Resolves when the reader is at the live edge; `got` is then called for each change. */
async function follow(db: Database, author: number, got: () => void): Promise<void> {
  const feed = db.changes(['posts'], {
    where: 'value.author == params.author',
    params: { author: String(author) },
    heartbeatMs: 60_000,
  })
  await feed.next()
  void (async () => {
    for await (const { changes } of feed) changes.forEach(got)
  })().catch(() => {})
}
