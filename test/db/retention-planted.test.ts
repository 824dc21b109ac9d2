import { describe, expect, test } from 'vitest'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import type { LogPage, LogRange, TenantId, Thinned, Thinning } from '../../src/store/store.ts'
import type { Revision } from '../../src/core/version.ts'
import { faultsOfPast } from '../support/retention/judge.ts'
import { seedOfTest } from '../support/seed.ts'
import { commit, path, put } from '../support/store/drafts.ts'
import { randomFrom } from '../support/writers/load.ts'

const DOCUMENTS = ['a/1', 'a/2', 'b/1']

/** Says that the floor is one revision lower than the one by which it thins: one version too many goes. */
class RemovesOneTooMany extends MemoryStore {
  override raiseFloor(tenant: TenantId, floor: Revision): Promise<void> {
    return super.raiseFloor(tenant, floor + 1)
  }

  override async log(tenant: TenantId, range: LogRange): Promise<LogPage> {
    const page = await super.log(tenant, range)
    return { ...page, floor: Math.max(0, page.floor - 1) }
  }
}

/** Forgets its floor in a crash, but not what it removed: the floor was not durable when the first version went. */
class ForgetsItsFloor extends MemoryStore {
  #durable = 0

  override async log(tenant: TenantId, range: LogRange): Promise<LogPage> {
    return { ...(await super.log(tenant, range)), floor: this.#durable }
  }
}

/** Removes by the numbers that it is asked for alone. */
class ThinsAboveTheFloor extends MemoryStore {
  override async thin(tenant: TenantId, documents: readonly Thinning[]): Promise<Thinned> {
    const { floor, last } = await super.log(tenant, { after: 0, limit: { rows: 1, bytes: 1 } })
    this.#claimed ??= floor
    await super.raiseFloor(tenant, last)
    return super.thin(tenant, documents)
  }

  #claimed: number | null = null

  override async log(tenant: TenantId, range: LogRange): Promise<LogPage> {
    const page = await super.log(tenant, range)
    return { ...page, floor: this.#claimed ?? page.floor }
  }
}

/** Random writes, floors and thinnings on a store; what is wrong with its past then. */
async function faultsOf(store: MemoryStore, seed: number): Promise<readonly string[]> {
  const next = randomFrom(seed)
  const oracle = new MemoryStore()
  const versions = new Map<string, number>()
  const history: (readonly [string, number])[] = []
  for (let revision = 1; revision <= 40; revision++) {
    const document = DOCUMENTS[Math.floor(next() * DOCUMENTS.length)] ?? ''
    const version = (versions.get(document) ?? 0) + 1
    versions.set(document, version)
    history.push([document, version])
    for (const each of [store, oracle]) await commit(each, 't', [put(document, version)])
  }
  await store.raiseFloor('t', 5 + Math.floor(next() * 30))
  await store.thin(
    't',
    DOCUMENTS.map((document) => ({ path: path(document), keep: 1 + Math.floor(next() * 20) })),
  )
  const known = (document: string, at: number): { version: number; value: unknown } | undefined => {
    const version = history.slice(0, at).filter(([each]) => each === document).length
    return version === 0 ? undefined : { version, value: { version } }
  }
  return faultsOfPast(store, 't', { documents: DOCUMENTS, known })
}

describe('the judge of what retention leaves', () => {
  test('finds nothing wrong with the store', async () => {
    const seed = seedOfTest()
    for (let run = 0; run < 30; run++) expect([run, await faultsOf(new MemoryStore(), seed + run)]).toEqual([run, []])
  })

  for (const Bug of [RemovesOneTooMany, ForgetsItsFloor, ThinsAboveTheFloor]) {
    test(`finds a store that has a bug: ${Bug.name}`, async () => {
      const seed = seedOfTest()
      let found = 0
      for (let run = 0; run < 30; run++) if ((await faultsOf(new Bug(), seed + run)).length > 0) found++
      expect(found).toBeGreaterThan(3)
    })
  }
})
