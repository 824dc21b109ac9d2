import { expect, test } from 'vitest'
import { openEngine, type Engine } from '../../src/db/engine.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { verifyData } from '../../src/store/lmdb/verify/verify.ts'
import type { Store } from '../../src/store/store.ts'
import { faultsOfPast } from '../support/retention/judge.ts'
import { seedOfTest } from '../support/seed.ts'
import { startStore, type StoreChild } from '../support/store/child.ts'
import { draft, path, put } from '../support/store/drafts.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'
import { until } from '../support/time/until.ts'
import { randomFrom } from '../support/writers/load.ts'

const KILLS = Number(process.env['TIDEMARK_RETENTION_KILLS'] ?? 5)
const VERSIONS = Number(process.env['TIDEMARK_RETENTION_VERSIONS'] ?? 10_000)
const START = Date.UTC(2026, 0, 1)
const DAY = 86_400_000

/** A version each millisecond, in turn of so many documents. */
async function fill(store: Store, versions: number, documents: number): Promise<void> {
  for (let first = 0; first < versions; first += 256) {
    const count = Math.min(256, versions - first)
    const drafts = Array.from({ length: count }, (_, i) => {
      const number = Math.floor((first + i) / documents) + 1
      return draft([put(`a/${(first + i) % documents}`, number)], { at: START + first + i })
    })
    await store.append('default', drafts)
  }
}

/** Asks for the retention that keeps `last` versions of each document, a day after they were written. */
async function retain(engine: Engine, last: number): Promise<void> {
  const value = { log: { maxAgeMs: DAY / 2 }, paths: [{ path: 'a', versions: { last } }] }
  await engine.database('default', { actor: null }).put('_system/retention', value)
}

const now = (): number => START + DAY

async function left(store: Pick<Store, 'history'>, document: string): Promise<readonly number[]> {
  const { rows } = await store.history('default', path(document), { limit: { rows: 10, bytes: 1e9 } })
  return rows.map(({ version }) => version)
}

test(
  `of ${VERSIONS} versions the last of each document stay, in bounded memory`,
  async () => {
    await using directory = await freshDirectory()
    const store = await openLmdbStore({ directory: directory.path })
    const documents = 100
    await fill(store, VERSIONS, documents)
    const engine = await openEngine(store, { now })
    const before = process.memoryUsage().heapUsed
    let most = 0
    await retain(engine, 2)
    const last = VERSIONS / documents
    await until(
      async () => {
        most = Math.max(most, process.memoryUsage().heapUsed - before)
        expect(engine.retention().removedVersions).toBe(VERSIONS - 2 * documents)
      },
      60_000 + 3 * VERSIONS,
    )
    for (const document of ['a/0', 'a/57', 'a/99']) expect(await left(store, document)).toEqual([last - 1, last])
    expect(most).toBeLessThan(256 * 2 ** 20)
    await engine.close()
    await store.close()
  },
  120_000 + 4 * VERSIONS,
)

function asStore({ store }: StoreChild): Store {
  const listen: Store['listen'] = async () => ({ [Symbol.asyncDispose]: async () => {} })
  return { ...store, shared: false, listen }
}

test(
  `retention that is killed at ${KILLS} random moments goes on, and no read of the past is ever wrong`,
  async () => {
    const next = randomFrom(seedOfTest())
    await using directory = await freshDirectory()
    const documents = ['a/0', 'a/1', 'a/2']
    const versions = 360
    const filled = await openLmdbStore({ directory: directory.path })
    await fill(filled, versions, documents.length)
    await filled.close()
    const known = (document: string, at: number): { version: number; value: unknown } | undefined => {
      const version = Math.floor((Math.min(at, versions) + 2 - documents.indexOf(document)) / documents.length)
      return version === 0 ? undefined : { version, value: { version } }
    }
    for (let kill = 0; kill < KILLS; kill++) {
      await using child = await startStore(directory.path)
      const engine = await openEngine(asStore(child), { now })
      // Less is kept at each start: there is always something to remove.
      const sweeping = retain(engine, 100 - Math.floor((kill * 95) / KILLS)).catch(() => undefined)
      const timer = setTimeout(() => process.kill(child.pid, 'SIGKILL'), next() * 120)
      await sweeping
      await until(() => !isRunning(child.pid))
      clearTimeout(timer)
      await engine.close()
      const store = await openLmdbStore({ directory: directory.path })
      expect([kill, await faultsOfPast(store, 'default', { documents, known })]).toEqual([kill, []])
      await store.close()
      expect([kill, (await verifyData(directory.path)).sentences]).toEqual([kill, []])
    }
    const store = await openLmdbStore({ directory: directory.path })
    const engine = await openEngine(store, { now })
    await retain(engine, 2)
    await until(async () => {
      for (const document of documents) expect(await left(store, document)).toEqual([119, 120])
    })
    expect(await faultsOfPast(store, 'default', { documents, known })).toEqual([])
    await engine.close()
    await store.close()
    expect((await verifyData(directory.path)).sentences).toEqual([])
  },
  60_000 + 5_000 * KILLS,
)

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
