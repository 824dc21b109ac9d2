import { expect } from 'vitest'
import type { Thinning, Store, TenantId } from '../../../src/store/store.ts'
import { ALL, commit, path, put, remove } from '../../support/store/drafts.ts'
import { refusal } from '../database/subject.ts'
import { law, scaled, type Fixture, type StoreSubject } from './subject.ts'

/** Revision n makes version n of `posts/1`; every third also writes `posts/2`. */
async function tell({ store, tenant }: Fixture, count = 12): Promise<void> {
  for (let n = 1; n <= count; n++) {
    const other = n % 3 === 0 ? [put('posts/2', n / 3, { n })] : []
    await commit(store, tenant, [put('posts/1', n, { n }), ...other], {
      at: 1_000 + n,
      id: `key-${n}`,
      digest: `d${n}`,
    })
  }
}

async function thinAll(store: Store, tenant: TenantId, documents: readonly Thinning[]): Promise<number> {
  for (let removed = 0; ;) {
    const thinned = await store.thin(tenant, documents)
    removed += thinned.removed
    if (!thinned.more) return removed
  }
}

async function versionsOf({ store, tenant }: Fixture, text: string): Promise<readonly number[]> {
  const { rows } = await store.history(tenant, path(text), { limit: ALL })
  return rows.map(({ version }) => version)
}

/** L15, L16: floors and thinning. */
export function thinningContract(subject: StoreSubject): void {
  law(subject, 'L15 a floor is raised, never lowered, and not above the last revision', async (fixture) => {
    await tell(fixture, 3)
    const seen: number[] = []
    for (const floor of [2, 1, 99]) {
      await fixture.store.raiseFloor(fixture.tenant, floor)
      if (subject.reopen !== undefined) fixture.store = await subject.reopen(fixture.store)
      seen.push((await fixture.store.log(fixture.tenant, { after: 0, limit: ALL })).floor)
    }
    expect(seen).toEqual([2, 2, 3])
  })

  law(subject, 'L16 nothing is removed that a read at the floor needs, whatever is asked for', async (fixture) => {
    const { store, tenant } = fixture
    await tell(fixture)
    const before = await Promise.all(
      [6, 7, 8, 12].map((at) => store.heads(tenant, [path('posts/1'), path('posts/2')], at)),
    )
    expect(await thinAll(store, tenant, [{ path: path('posts/1'), keep: 99 }])).toBe(0)
    await store.raiseFloor(tenant, 6)
    const all = ['posts/1', 'posts/2', 'posts/3'].map((text) => ({ path: path(text), keep: 99 }))
    expect(await thinAll(store, tenant, all)).toBe(5 + 1)
    expect([await versionsOf(fixture, 'posts/1'), await versionsOf(fixture, 'posts/2')]).toEqual([
      [6, 7, 8, 9, 10, 11, 12],
      [2, 3, 4],
    ])
    const after = await Promise.all(
      [6, 7, 8, 12].map((at) => store.heads(tenant, [path('posts/1'), path('posts/2')], at)),
    )
    expect(after).toEqual(before)
  })

  law(subject, 'L16 versions from keep on stay', async (fixture) => {
    const { store, tenant } = fixture
    await tell(fixture)
    await store.raiseFloor(tenant, 10)
    expect(await thinAll(store, tenant, [{ path: path('posts/1'), keep: 4 }])).toBe(3)
    expect((await versionsOf(fixture, 'posts/1'))[0]).toBe(4)
    expect(await versionsOf(fixture, 'posts/2')).toEqual([1, 2, 3, 4])
  })

  law(subject, 'L15 a past of which a version is gone is refused, another one is exact', async (fixture) => {
    const { store, tenant } = fixture
    await tell(fixture)
    await commit(store, tenant, [remove('posts/2', 5)])
    const at = (revision: number): Promise<unknown> => store.heads(tenant, [path('posts/1')], revision)
    const list = (revision: number): Promise<unknown> =>
      store.list(tenant, { kind: 'collection', path: ['posts'], limit: ALL }, revision)
    const exact = [await at(4), await list(9)]
    await store.raiseFloor(tenant, 11)
    await thinAll(store, tenant, [{ path: path('posts/1'), keep: 4 }])
    expect([await at(4), await list(9)]).toEqual(exact)
    for (const revision of [1, 3]) {
      expect((await refusal(at(revision))).code).toBe('HISTORY_EXPIRED')
      expect((await refusal(list(revision))).code).toBe('HISTORY_EXPIRED')
    }
    expect((await store.heads(tenant, [path('posts/2')], 2)).rows).toEqual([null])
    expect(await store.collections(tenant, [[]], 2)).toEqual([['posts']])
  })

  law(subject, 'L8 the log above the floor is whole, below it has what is left', async (fixture) => {
    const { store, tenant } = fixture
    await tell(fixture)
    await store.raiseFloor(tenant, 9)
    await thinAll(store, tenant, [{ path: path('posts/1'), keep: 99 }])
    const { commits } = await store.log(tenant, { after: 0, limit: ALL })
    expect(commits.map(({ revision, versions }) => [revision, versions.map((each) => each.path.join('/'))])).toEqual(
      Array.from({ length: 12 }, (_, i) => [
        i + 1,
        [...(i + 1 >= 9 ? ['posts/1'] : []), ...((i + 1) % 3 === 0 ? ['posts/2'] : [])],
      ]),
    )
    const below = await store.log(tenant, { after: 0, below: [path('posts/1')], limit: ALL })
    expect(below.commits.map(({ revision }) => revision)).toEqual([9, 10, 11, 12])
    expect(await store.revisionAt(tenant, 1_004)).toBe(4)
  })

  law(subject, 'L14 a commit of which nothing is left loses its key', async (fixture) => {
    const { store, tenant } = fixture
    await tell(fixture)
    await store.raiseFloor(tenant, 9)
    await thinAll(store, tenant, [{ path: path('posts/1'), keep: 99 }])
    const found = await store.find(tenant, ['key-2', 'key-3', 'key-9'])
    expect(found.map((each) => each && [each.id, each.digest])).toEqual([null, ['key-3', ''], ['key-9', 'd9']])
  })

  law(subject, 'L18 of numbered versions those that were removed are missing, and the others come', async (fixture) => {
    const { store, tenant } = fixture
    await tell(fixture)
    await store.raiseFloor(tenant, 9)
    await thinAll(store, tenant, [{ path: path('posts/1'), keep: 99 }])
    const numbers = ['posts/1', 'posts/2'].flatMap((text) =>
      [1, 3, 8, 9, 12].map((version) => ({ path: path(text), version })),
    )
    const { rows, more } = await store.versions(tenant, numbers, ALL.bytes)
    expect(rows.map((row) => `${row.path.join('/')}@${row.version}`)).toEqual([
      'posts/1@9',
      'posts/1@12',
      'posts/2@1',
      'posts/2@3',
    ])
    expect(more).toBe(false)
  })

  law(subject, 'L16 many versions are removed in steps', async (fixture) => {
    const { store, tenant } = fixture
    const count = scaled(subject, 500)
    await tell(fixture, count)
    await store.raiseFloor(tenant, count)
    expect(await thinAll(store, tenant, [{ path: path('posts/1'), keep: count - 2 }])).toBe(count - 3)
    expect(await versionsOf(fixture, 'posts/1')).toEqual([count - 2, count - 1, count])
  })
}
