import { expect } from 'vitest'
import type { Appended } from '../../../src/store/store.ts'
import { ALL, commit, committed, draft, path, put, remove } from '../../support/store/drafts.ts'
import { freshTenant, law, type StoreSubject } from './subject.ts'

const kindsOf = (results: readonly Appended[]): readonly string[] => results.map(({ kind }) => kind)

/** L1, L2, L3, L11, L13 and what a commit holds. */
export function appendContract(subject: StoreSubject): void {
  law(subject, 'L1 revisions count 1, 2, 3 … over batches, conflicts and repeats', async ({ store, tenant }) => {
    const first = draft([put('posts/1', 1)])
    const a = await store.append(tenant, [first, draft([put('posts/1', 1)]), first, draft([put('posts/2', 1)])])
    const b = await store.append(tenant, [draft([]), draft([put('posts/1', 2)])])
    expect(kindsOf([...a, ...b])).toEqual(['committed', 'conflict', 'repeated', 'committed', 'committed', 'committed'])
    const revisions = [...a, ...b].flatMap((result) => (result.kind === 'committed' ? [result.commit.revision] : []))
    expect(revisions).toEqual([1, 2, 3, 4])
    expect((await store.log(tenant, { after: 0, limit: ALL })).commits.map(({ revision }) => revision)).toEqual([
      1, 2, 3, 4,
    ])
  })

  law(subject, "L1 a time that would run backwards is its predecessor's", async ({ store, tenant }) => {
    const times: number[] = []
    for (const at of [50, 20, 70, 69]) times.push((await commit(store, tenant, [], { at })).at)
    const batch = await store.append(tenant, [draft([], { at: 90 }), draft([put('posts/1', 1)], { at: 80 })])
    expect([...times, ...batch.map((result) => committed(result).at)]).toEqual([50, 50, 70, 70, 90, 90])
    expect((await store.heads(tenant, [path('posts/1')])).rows[0]).toMatchObject({ updatedAt: 90, createdAt: 90 })
  })

  law(
    subject,
    'L13 a draft with an exact time gets it, or is a conflict, and so are those on it',
    async ({ store, tenant }) => {
      const exact = { exactAt: true }
      const first = await commit(store, tenant, [put('posts/1', 1)], { at: 50, ...exact })
      expect(first.at).toBe(50)
      const batch = await store.append(tenant, [
        draft([put('posts/1', 2)], { at: 49, ...exact }),
        draft([put('posts/1', 3)], { at: 60 }),
        draft([put('posts/2', 1)], { at: 49 }),
        draft([put('posts/1', 2)], { at: 50, ...exact }),
      ])
      expect(kindsOf(batch)).toEqual(['conflict', 'conflict', 'committed', 'committed'])
      expect(batch[0]).toEqual({ kind: 'conflict', path: path('posts/1'), version: 1 })
      expect(committed(batch[3]).at).toBe(50)
    },
  )

  law(subject, 'L2 a version is written only on its predecessor', async ({ store, tenant }) => {
    const drafts = [2, 1, 1, 3, 2].map((version) => draft([put('posts/1', version)]))
    expect(kindsOf(await store.append(tenant, drafts))).toEqual([
      'conflict',
      'committed',
      'conflict',
      'conflict',
      'committed',
    ])
  })

  law(
    subject,
    'L2 a delete is a version, and a document that comes back goes on counting',
    async ({ store, tenant }) => {
      const writes = [
        put('posts/1', 1),
        remove('posts/1', 2),
        remove('posts/1', 3),
        put('posts/1', 1),
        put('posts/1', 4),
      ]
      const results = await store.append(
        tenant,
        writes.map((write) => draft([write])),
      )
      expect(kindsOf(results)).toEqual(['committed', 'committed', 'committed', 'conflict', 'committed'])
      const { rows } = await store.history(tenant, path('posts/1'), { limit: ALL })
      expect(rows.map(({ version, type }) => [version, type])).toEqual([
        [1, 'NEW'],
        [2, 'DELETE'],
        [3, 'DELETE'],
        [4, 'UPDATE'],
      ])
    },
  )

  law(subject, 'L3 of a draft that conflicts nothing is written, and its neighbours are', async ({ store, tenant }) => {
    const results = await store.append(tenant, [
      draft([put('posts/1', 1)]),
      draft([put('posts/2', 1), put('posts/1', 1), put('posts/3', 1)]),
      draft([put('posts/4', 1)]),
    ])
    expect(kindsOf(results)).toEqual(['committed', 'conflict', 'committed'])
    const { rows } = await store.heads(tenant, ['posts/1', 'posts/2', 'posts/3', 'posts/4'].map(path))
    expect(rows.map((row) => row?.revision ?? null)).toEqual([1, null, null, 2])
  })

  law(
    subject,
    'L11 a draft on the outcome of a lost one is lost too, though another has made that version',
    async ({ store, tenant }) => {
      await store.append(tenant, [draft([put('posts/1', 1)]), draft([put('posts/1', 2, 'of another')])])
      const results = await store.append(tenant, [
        draft([put('posts/1', 2)]),
        draft([put('posts/1', 3)]),
        draft([put('audit/1', 1)], { expects: [{ kind: 'version', path: path('posts/1'), version: 2 }] }),
        draft([put('audit/2', 1)], { expects: [{ kind: 'unchanged', below: path('posts'), since: 2 }] }),
        draft([put('audit/3', 1)], { expects: [{ kind: 'version', path: path('posts/2'), version: 0 }] }),
      ])
      expect(kindsOf(results)).toEqual(['conflict', 'conflict', 'conflict', 'conflict', 'committed'])
      expect((await store.heads(tenant, [path('posts/1')])).rows[0]).toMatchObject({ version: 2, value: 'of another' })
    },
  )

  law(subject, 'L11 a lost draft does not concern what others of its list have made', async ({ store, tenant }) => {
    const results = await store.append(tenant, [
      draft([put('posts/1', 1)]),
      draft([put('posts/1', 1)]),
      draft([put('posts/1', 2)]),
      draft([put('posts/2', 1)]),
    ])
    expect(kindsOf(results)).toEqual(['committed', 'conflict', 'committed', 'committed'])
  })

  law(subject, 'L3 the id of a draft that conflicted is free', async ({ store, tenant }) => {
    const id = 'key-1'
    const [refused] = await store.append(tenant, [draft([put('posts/1', 2)], { id })])
    expect(refused?.kind).toBe('conflict')
    expect(await store.find(tenant, [id])).toEqual([null])
    expect((await commit(store, tenant, [put('posts/1', 1)], { id })).revision).toBe(1)
  })

  law(subject, 'L3 a draft sees those before it in its batch', async ({ store, tenant }) => {
    const results = await store.append(tenant, [
      draft([put('posts/1', 1)]),
      draft([put('posts/1', 2)], { expects: [{ kind: 'version', path: path('posts/1'), version: 1 }] }),
      draft([put('posts/9', 1)], { expects: [{ kind: 'unchanged', below: path('posts'), since: 0 }] }),
    ])
    expect(kindsOf(results)).toEqual(['committed', 'committed', 'conflict'])
  })

  law(
    subject,
    'a commit holds what its draft said, in order, and is what find and log give',
    async ({ store, tenant }) => {
      const writes = [put('posts/2', 1, { a: 1 }), { ...put('posts/1', 1), fields: ['a/b', 'c'], createdAt: 7 }]
      const made = await commit(store, tenant, writes, { id: 'key-1', at: 60, actor: 'ann', digest: 'd1' })
      const of = { revision: 1, updatedAt: 60, actor: 'ann', commit: 'key-1' }
      const versions = writes.map((write, i) => ({ ...write, createdAt: [60, 7][i], ...of }))
      expect(made).toEqual({ id: 'key-1', revision: 1, at: 60, actor: 'ann', digest: 'd1', versions })
      expect(await store.find(tenant, ['nothing', 'key-1'])).toEqual([null, made])
      expect((await store.log(tenant, { after: 0, limit: ALL })).commits).toEqual([made])
    },
  )

  law(subject, 'appends of several tenants at once do not mix', async ({ store, tenant }) => {
    const tenants = [tenant, freshTenant(), freshTenant()]
    const results = await Promise.all(
      tenants.map((each, i) => store.append(each, [draft([put(`posts/${i}`, 1)]), draft([])])),
    )
    expect(results.flat().map((result) => committed(result).revision)).toEqual([1, 2, 1, 2, 1, 2])
    for (const [i, each] of tenants.entries()) {
      const { rows } = await store.list(each, { kind: 'collection', path: ['posts'], limit: ALL })
      expect(rows.map((row) => row.path)).toEqual([['posts', String(i)]])
    }
  })
}
