import { expect } from 'vitest'
import { DatabaseError } from '../../../src/core/error.ts'
import type { Store, TenantId } from '../../../src/store/store.ts'
import { ALL, commit, draft, path, put, texts } from '../../support/store/drafts.ts'
import { freshTenant, law, scaled, type StoreSubject } from './subject.ts'

async function epochOf(store: Store, tenant: TenantId): Promise<string> {
  return (await store.log(tenant, { after: 0, limit: ALL })).epoch
}

interface Listener extends AsyncDisposable {
  readonly notified: (tenant: TenantId) => Promise<void>
  readonly tenants: readonly TenantId[]
}

/** A listener to await: `notified(tenant)` resolves at the next notification about that tenant. */
async function listen(store: Store): Promise<Listener> {
  const tenants: TenantId[] = []
  const waiting = new Map<TenantId, () => void>()
  const subscription = await store.listen((tenant) => {
    tenants.push(tenant)
    waiting.get(tenant)?.()
  })
  const notified = (tenant: TenantId): Promise<void> => new Promise((resolve) => waiting.set(tenant, resolve))
  return { notified, tenants, [Symbol.asyncDispose]: () => subscription[Symbol.asyncDispose]() }
}

/** L9, listeners, dropping and closing. */
export function tenantContract(subject: StoreSubject): void {
  law(subject, 'L9 tenants never see each other', async ({ store, tenant }) => {
    const other = freshTenant()
    await commit(store, tenant, [put('posts/1', 1, 'mine')], { id: 'k' })
    const theirs = await commit(store, other, [put('posts/1', 1, 'theirs'), put('posts/2', 1)], { id: 'k' })
    await commit(store, tenant, [put('posts/1', 2)])
    expect(theirs.revision).toBe(1)
    expect((await store.heads(other, [path('posts/1')])).rows[0]?.value).toBe('theirs')
    expect(texts((await store.list(other, { kind: 'below', path: [], limit: ALL })).rows)).toEqual([
      'posts/1',
      'posts/2',
    ])
    expect((await store.history(other, path('posts/1'), { limit: ALL })).rows).toHaveLength(1)
    expect((await store.log(other, { after: 0, limit: ALL })).commits).toEqual([theirs])
    expect(await epochOf(store, other)).not.toBe(await epochOf(store, tenant))
  })

  law(subject, 'an epoch is of letters a–z and digits and stays the same', async ({ store, tenant }) => {
    const epoch = await epochOf(store, tenant)
    expect(epoch).toMatch(/^[a-z0-9]{1,32}$/)
    await commit(store, tenant, [put('posts/1', 1)])
    expect(await epochOf(store, tenant)).toBe(epoch)
  })

  law(
    subject,
    'L9 a dropped tenant is empty, begins a new epoch and counts from 1; others stay',
    async ({ store, tenant }) => {
      const other = freshTenant()
      const kept = await commit(store, other, [put('posts/1', 1)])
      const epoch = await epochOf(store, tenant)
      const count = scaled(subject, 300)
      const drafts = Array.from({ length: count }, (_, i) => draft([put(`posts/${i}`, 1)], { id: `k${i}` }))
      for (let i = 0; i < count; i += 50) await store.append(tenant, drafts.slice(i, i + 50))
      await store.drop(tenant)
      expect(await epochOf(store, tenant)).not.toBe(epoch)
      expect(await store.find(tenant, ['k0'])).toEqual([null])
      expect(await store.heads(tenant, [path('posts/1')])).toEqual({ revision: 0, rows: [null] })
      expect((await store.list(tenant, { kind: 'below', path: [], limit: ALL, deleted: true })).rows).toEqual([])
      expect((await commit(store, tenant, [put('posts/1', 1)], { id: 'k0' })).revision).toBe(1)
      expect((await store.log(other, { after: 0, limit: ALL })).commits).toEqual([kept])
    },
  )

  law(subject, 'dropping an unknown tenant does nothing', async ({ store, tenant }) => {
    await store.drop(tenant)
    expect((await commit(store, tenant, [put('posts/1', 1)])).revision).toBe(1)
  })

  law(subject, 'the bell rings after an append and finds it readable', async ({ store, tenant }) => {
    await using listener = await listen(store)
    const notified = listener.notified(tenant)
    await store.append(tenant, [draft([put('posts/1', 1)])])
    await notified
    expect((await store.log(tenant, { after: 0, limit: ALL })).last).toBe(1)
  })

  law(subject, 'a bell that was disposed of is silent, and others go on', async ({ store, tenant }) => {
    const silent = await listen(store)
    await using listener = await listen(store)
    await silent[Symbol.asyncDispose]()
    const notified = listener.notified(tenant)
    await commit(store, tenant, [])
    await notified
    expect(silent.tenants).toEqual([])
  })

  law(subject, 'close waits for the appends that run', async (fixture) => {
    const { store, tenant } = fixture
    const running = [1, 2, 3].map((i) => store.append(tenant, [draft([put(`posts/${i}`, 1)])]))
    await store.close()
    const results = (await Promise.all(running)).flat()
    expect(results.map(({ kind }) => kind)).toEqual(['committed', 'committed', 'committed'])
  })

  law(subject, 'a closed store refuses with UNAVAILABLE, and may be closed again', async ({ store, tenant }) => {
    await store.close()
    await store.close()
    const refusal = expect.objectContaining({ code: 'UNAVAILABLE' })
    const reads = [() => store.heads(tenant, []), () => store.log(tenant, { after: 0, limit: ALL })]
    const calls = [() => store.append(tenant, [draft([])]), ...reads]
    for (const call of calls) {
      const error: unknown = await call().catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(DatabaseError)
      expect(error).toEqual(refusal)
    }
  })
}
