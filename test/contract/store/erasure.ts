import { expect } from 'vitest'
import type { Write } from '../../../src/core/version.ts'
import type { Appended, Store, TenantId } from '../../../src/store/store.ts'
import { ALL, commit, draft, path, purge, put, remove, texts } from '../../support/store/drafts.ts'
import { law, scaled, type Fixture, type StoreSubject } from './subject.ts'

const SECRET = 'tide-and-time'

/** Two posts with a comment; of the first, every version holds the secret, in one place or another. */
const STORY: readonly (readonly Write[])[] = [
  [put('posts/1', 1, { title: SECRET }), put('posts/2', 1, 'kept')],
  [{ ...put('posts/1', 2, { [SECRET]: 1 }), fields: [SECRET] }],
  [put('posts/1/comments/1', 1, [SECRET])],
  [remove('posts/1', 3)],
  [put('posts/1', 4, { again: SECRET }), put('posts/2', 2, { n: 2 }), put('posts/1/comments/1', 2, SECRET)],
]

const PURGE: readonly Write[] = [purge('posts/1/comments/1', 3), purge('posts/1', 5)]

/** Appends the story, each commit with a key that holds the secret, then the purge of the first post. */
async function tell({ store, tenant }: Fixture): Promise<void> {
  for (const [i, writes] of STORY.entries()) {
    await commit(store, tenant, writes, { id: `${SECRET}-${i}`, digest: `digest-${i}`, actor: 'ada', at: 1_000 + i })
  }
  await commit(store, tenant, PURGE, { id: 'purge', at: 2_000 })
}

async function eraseAll(store: Store, tenant: TenantId): Promise<void> {
  while (await store.erase(tenant));
}

const DOCUMENTS = ['posts/1', 'posts/2', 'posts/1/comments/1'].map(path)

/** Everything that reads give, at every revision. */
async function everything({ store, tenant }: Fixture): Promise<unknown> {
  const { last } = await store.log(tenant, { after: 0, limit: { rows: 1, bytes: 1 } })
  const seen: unknown[] = []
  for (let at = 0; at <= last; at++) {
    seen.push(await store.heads(tenant, DOCUMENTS, at))
    seen.push(await store.list(tenant, { kind: 'below', path: [], deleted: true, limit: ALL }, at))
    seen.push(await store.collections(tenant, [[], ...DOCUMENTS], at))
  }
  for (const document of DOCUMENTS) {
    seen.push(await store.history(tenant, document, { limit: ALL }))
    seen.push(await store.versions(tenant, [{ path: document, version: 1 }], ALL.bytes))
    seen.push(await store.history(tenant, document, { touching: ['title'], limit: ALL }))
  }
  const logs = [undefined, [[]], [path('posts/1')], [['posts']]]
  for (const below of logs) seen.push((await store.log(tenant, { after: 0, below, limit: ALL })).commits)
  seen.push(await store.find(tenant, ['purge']))
  return seen
}

/** L14: purges. */
export function erasureContract(subject: StoreSubject): void {
  law(subject, 'L14 from a purge on every read gives marks, before the disk is erased and after', async (fixture) => {
    const { store, tenant } = fixture
    await tell(fixture)
    const before = await everything(fixture)
    await eraseAll(store, tenant)
    expect(await everything(fixture)).toEqual(before)
    const partlyPurged = new Set([`${SECRET}-0`, `${SECRET}-4`])
    const text = JSON.stringify(before, (_, value: unknown) =>
      typeof value === 'string' && partlyPurged.has(value) ? '' : value,
    )
    expect(text).not.toContain(SECRET)
    expect(text).toContain('kept')
  })

  law(subject, 'L14 a mark keeps number, times and actor of its version', async (fixture) => {
    const { store, tenant } = fixture
    await tell(fixture)
    for (const erases of [false, true]) {
      if (erases) await eraseAll(store, tenant)
      const { rows } = await store.history(tenant, path('posts/1'), { limit: ALL })
      expect(rows.map(({ version, revision, updatedAt, actor }) => [version, revision, updatedAt, actor])).toEqual([
        [1, 1, 1_000, 'ada'],
        [2, 2, 1_001, 'ada'],
        [3, 4, 1_003, 'ada'],
        [4, 5, 1_004, 'ada'],
        [5, 6, 2_000, null],
      ])
      for (const { type, fields, value, purged } of rows) {
        expect({ type, fields, value, purged }).toEqual({ type: 'DELETE', fields: [], value: null, purged: true })
      }
      const { rows: kept } = await store.history(tenant, path('posts/2'), { limit: ALL })
      expect(kept.map(({ value }) => value)).toEqual(['kept', { n: 2 }])
      const { commits } = await store.log(tenant, { after: 0, limit: ALL })
      expect(commits.map(({ revision }) => revision)).toEqual([1, 2, 3, 4, 5, 6])
    }
  })

  law(subject, 'L14 a key is free again when nothing of its commit is left, else it stays used', async (fixture) => {
    const { store, tenant } = fixture
    await tell(fixture)
    await eraseAll(store, tenant)
    const keys = STORY.map((_, i) => `${SECRET}-${i}`)
    const found = await store.find(tenant, keys)
    expect(found.map((each) => each && [each.id, each.digest])).toEqual([
      [`${SECRET}-0`, ''],
      null,
      null,
      null,
      [`${SECRET}-4`, ''],
    ])
    const [again, used] = await store.append(tenant, [
      draft([put('posts/3', 1)], { id: `${SECRET}-1` }),
      draft([put('posts/3', 2)], { id: `${SECRET}-4` }),
    ])
    expect([again?.kind, used?.kind]).toEqual(['committed', 'repeated'])
  })

  law(subject, 'L14 the rest of a commit that is purged later takes its key with it', async ({ store, tenant }) => {
    await commit(store, tenant, [put('posts/1', 1), put('posts/2', 1)], { id: SECRET, digest: 'd' })
    await commit(store, tenant, [purge('posts/1', 2)])
    await eraseAll(store, tenant)
    await commit(store, tenant, [purge('posts/2', 2)])
    await eraseAll(store, tenant)
    expect(await store.find(tenant, [SECRET])).toEqual([null])
    const { commits } = await store.log(tenant, { after: 0, limit: ALL })
    expect(JSON.stringify(commits)).not.toContain(SECRET)
  })

  law(subject, 'L14 a purge that must get an exact time, and is late, erases nothing', async ({ store, tenant }) => {
    await commit(store, tenant, [put('posts/1', 1, SECRET)], { at: 50 })
    const purgeAt = (at: number): Promise<readonly Appended[]> =>
      store.append(tenant, [draft([purge('posts/1', 2)], { at, exactAt: true })])
    const values = async (): Promise<readonly unknown[]> =>
      (await store.history(tenant, path('posts/1'), { limit: ALL })).rows.map(({ value }) => value)
    expect((await purgeAt(49)).map(({ kind }) => kind)).toEqual(['conflict'])
    await eraseAll(store, tenant)
    expect(await values()).toEqual([SECRET])
    expect((await purgeAt(50)).map(({ kind }) => kind)).toEqual(['committed'])
    await eraseAll(store, tenant)
    expect(await values()).toEqual([null, null])
  })

  law(subject, 'L14 a purged document is in no list and makes no collection, now and before', async (fixture) => {
    const { store, tenant } = fixture
    await tell(fixture)
    for (const at of [undefined, 1, 3, 4, 5, 6]) {
      for (const deleted of [false, true]) {
        const range = { kind: 'below', path: [], deleted, limit: ALL } as const
        expect(texts((await store.list(tenant, range, at)).rows)).toEqual(['posts/2'])
        expect((await store.paths(tenant, range, at)).rows).toEqual([path('posts/2')])
      }
      expect(await store.collections(tenant, [[], path('posts/1')], at)).toEqual([['posts'], []])
    }
  })

  law(subject, 'L14 a purged document may come back: its numbers go on, its past stays erased', async (fixture) => {
    const { store, tenant } = fixture
    await tell(fixture)
    const conflict = await store.append(tenant, [draft([put('posts/1', 1)])])
    expect(conflict).toEqual([{ kind: 'conflict', path: path('posts/1'), version: 5 }])
    await commit(store, tenant, [put('posts/1', 6, 'back')])
    await commit(store, tenant, [put('posts/1', 7, 'once more')])
    await eraseAll(store, tenant)
    const seen: unknown[] = []
    for (const at of [4, 5, 6, 7, 8]) {
      const { rows } = await store.list(tenant, { kind: 'collection', path: ['posts'], limit: ALL }, at)
      seen.push(rows.map(({ version, value }) => [version, value]))
    }
    const second = [2, { n: 2 }]
    expect(seen).toEqual([[[1, 'kept']], [second], [second], [[6, 'back'], second], [[7, 'once more'], second]])
    await commit(store, tenant, [purge('posts/1', 8)])
    await eraseAll(store, tenant)
    const { rows } = await store.history(tenant, path('posts/1'), { limit: ALL })
    expect(rows.map(({ version, purged }) => [version, purged])).toEqual(
      Array.from({ length: 8 }, (_, i) => [i + 1, true]),
    )
  })

  law(
    subject,
    'L14 a long history is erased in steps, and what a closed store left is gone on with',
    async (fixture) => {
      const { tenant } = fixture
      const versions = scaled(subject, 1_000)
      const drafts = Array.from({ length: versions }, (_, i) =>
        draft([put('posts/1', i + 1, { text: SECRET.repeat(20), i })]),
      )
      for (let i = 0; i < drafts.length; i += 100) await fixture.store.append(tenant, drafts.slice(i, i + 100))
      await commit(fixture.store, tenant, [purge('posts/1', versions + 1)])
      await fixture.store.erase(tenant)
      if (subject.reopen !== undefined) fixture.store = await subject.reopen(fixture.store)
      await eraseAll(fixture.store, tenant)
      for (let after = 0; after < versions;) {
        const { rows, next } = await fixture.store.history(tenant, path('posts/1'), { after, limit: ALL })
        expect(rows.every(({ purged, value }) => purged === true && value === null)).toBe(true)
        after = next ?? versions
      }
    },
  )

  law(subject, 'erase gives false where nothing was purged', async ({ store, tenant }) => {
    await commit(store, tenant, [put('posts/1', 1)])
    expect(await store.erase(tenant)).toBe(false)
  })
}
