import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import type { Commit } from '../../src/core/commit.ts'
import { Tenant } from '../../src/db/tenant.ts'
import { StampClock } from '../../src/db/time/stamp-clock.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { HeadOverlay } from '../../src/store/mongo/read/head-overlay.ts'

const TENANTS = 1_000
const COMMITS = 10
const KIB = 1_024

/** The first commits of a tenant, each of one document of about 1 KiB. */
function commitsOf(tenant: string): readonly Commit[] {
  return Array.from({ length: COMMITS }, (_, i) => {
    const facts = { revision: i + 1, actor: null, commit: `${tenant}-${i}` }
    const text = Buffer.alloc(KIB, `${tenant}-${i} `).toString()
    const document = { path: ['posts', `${tenant}-${i}`], version: 1, fields: [], createdAt: 1, updatedAt: 1 }
    const version = { ...document, ...facts, type: 'NEW' as const, value: { text } }
    return { id: facts.commit, revision: i + 1, at: 1, actor: null, digest: null, versions: [version] }
  })
}

/** KiB of memory for each of TENANTS that `make` makes, before they idle and after. */
async function memoryOf<T>(
  make: (tenant: string) => T | Promise<T>,
  idle: (made: T) => void,
): Promise<{ readonly busy: number; readonly idle: number }> {
  setFlagsFromString('--expose_gc')
  const collect = runInNewContext('gc') as () => void
  const used = (): number => {
    collect()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const before = used()
  const made: T[] = []
  for (let i = 0; i < TENANTS; i++) made.push(await make(`t-${i}`))
  const each = (): number => (used() - before) / made.length / KIB
  const busy = each()
  for (const one of made) idle(one)
  return { busy, idle: each() }
}

test('a tenant that is idle takes some KiB of an engine, whatever was written', async () => {
  const store = new MemoryStore()
  const clock = new StampClock({})
  const { busy, idle } = await memoryOf(
    async (id) => {
      const tenant = new Tenant(store, id, { clock })
      const { tail } = await tenant.running()
      await tail.publish(commitsOf(id))
      return tenant
    },
    (tenant) => tenant.forgetIdle(0),
  )
  expect(busy).toBeGreaterThan(COMMITS)
  expect(idle).toBeLessThan(24)
}, 120_000)

test('a tenant that is idle takes some KiB of the MongoDB adapter, whatever was written', async () => {
  const { busy, idle } = await memoryOf(
    (tenant) => {
      const overlay = new HeadOverlay({ _id: tenant, epoch: 'e', applied: 0, floor: 0, dead: [] }, null)
      for (const commit of commitsOf(tenant)) overlay.push({ commit, writer: 'w', bytes: KIB })
      overlay.applied = COMMITS
      return overlay
    },
    (overlay) => overlay.trim(true),
  )
  expect(busy).toBeGreaterThan(COMMITS)
  expect(idle).toBeLessThan(4)
}, 120_000)
