import { expect } from 'vitest'
import type { Write } from '../../../src/core/version.ts'
import type { Range, Store, TenantId } from '../../../src/store/store.ts'
import { ALL, commit, draft, path, put, remove, texts } from '../../support/store/drafts.ts'
import { law, scaled, type Fixture, type StoreSubject } from './subject.ts'

const STORY: readonly (readonly Write[])[] = [
  [put('posts/1', 1, 'a'), put('posts/2', 1, 'b')],
  [put('posts/1/comments/1', 1), put('posts/1', 2, { a: [1] })],
  [remove('posts/1/comments/1', 2), put('posts-x/1', 1)],
  [],
  [remove('posts/1', 3), put('posts/10', 1), put('posts/1/links/1', 1)],
  [put('posts/1/comments/1', 3), put('posts/1', 4)],
]

const RANGES: readonly Range[] = [
  { kind: 'collection', path: ['posts'], limit: ALL },
  { kind: 'below', path: ['posts'], limit: ALL },
  { kind: 'below', path: path('posts/1'), limit: ALL, reverse: true },
  { kind: 'below', path: ['posts'], limit: { rows: 2, bytes: 1e9 }, deleted: true, reverse: true },
  { kind: 'below', path: [], limit: ALL, deleted: true, after: path('posts/1') },
]

/** Everything a reader sees, as of `at`. */
async function see(store: Store, tenant: TenantId, at?: number): Promise<unknown> {
  const documents = ['posts/1', 'posts/2', 'posts/10', 'posts/1/comments/1', 'posts/3'].map(path)
  const heads = await store.heads(tenant, documents, at)
  const lists: unknown[] = []
  for (const range of RANGES) lists.push(await store.list(tenant, range, at))
  return { heads, lists, collections: await store.collections(tenant, [[], ...documents], at) }
}

/** Appends the story; gives what was seen at each revision from 0 on. */
async function tell({ store, tenant }: Fixture): Promise<readonly unknown[]> {
  const seen = [await see(store, tenant)]
  for (const writes of STORY) {
    await commit(store, tenant, writes)
    seen.push(await see(store, tenant))
  }
  return seen
}

/** L7: as-of reads and history. */
export function pastContract(subject: StoreSubject): void {
  law(subject, 'L7 every past revision reads as it did when it was the latest', async (fixture) => {
    const seen = await tell(fixture)
    for (const [at, picture] of seen.entries()) expect(await see(fixture.store, fixture.tenant, at)).toEqual(picture)
  })

  law(subject, 'L7 a revision ahead reads the latest', async (fixture) => {
    const seen = await tell(fixture)
    expect(await see(fixture.store, fixture.tenant, 999)).toEqual(seen.at(-1))
  })

  law(subject, 'revisionAt is the last revision at or before a time', async ({ store, tenant }) => {
    for (const at of [10, 10, 20, 15, 40]) await commit(store, tenant, [], { at })
    const times = [0, 9, 10, 11, 19, 20, 21, 39, 40, 1e15]
    const revisions: number[] = []
    for (const time of times) revisions.push(await store.revisionAt(tenant, time))
    expect(revisions).toEqual([0, 0, 2, 2, 2, 4, 4, 4, 5, 5])
  })

  law(
    subject,
    'history is oldest first between two revisions, and from the back gives the newest',
    async ({ store, tenant }) => {
      const revisions = [1, 3, 5, 6, 9]
      const others = [2, 4, 7, 8, 10]
      for (let revision = 1; revision <= 10; revision++) {
        const name = revisions.includes(revision) ? 'posts/1' : 'posts/10'
        await commit(store, tenant, [
          put(name, 1 + (name === 'posts/1' ? revisions : others).indexOf(revision), { revision }),
        ])
      }
      const history = async (range: {
        after?: number
        before?: number
        reverse?: boolean
        rows?: number
      }): Promise<unknown> => {
        const { rows: most = 100, ...bounds } = range
        const { rows, more } = await store.history(tenant, path('posts/1'), {
          ...bounds,
          limit: { rows: most, bytes: 1e9 },
        })
        expect(rows.map(({ value }) => value)).toEqual(rows.map(({ revision }) => ({ revision })))
        return [rows.map(({ revision }) => revision), more]
      }
      expect(await history({})).toEqual([[1, 3, 5, 6, 9], false])
      expect(await history({ reverse: true })).toEqual([[1, 3, 5, 6, 9], false])
      expect(await history({ rows: 2 })).toEqual([[1, 3], true])
      expect(await history({ rows: 2, reverse: true })).toEqual([[6, 9], true])
      expect(await history({ after: 1, before: 9 })).toEqual([[3, 5, 6], false])
      expect(await history({ after: 1, before: 9, rows: 1, reverse: true })).toEqual([[6], true])
      expect(await history({ after: 3, rows: 3 })).toEqual([[5, 6, 9], false])
      expect(await history({ before: 5, reverse: true, rows: 5 })).toEqual([[1, 3], false])
      expect(await history({ after: 9 })).toEqual([[], false])
      expect(await history({ before: 1, reverse: true })).toEqual([[], false])
    },
  )

  law(
    subject,
    'L18 each version of a long history is found by its number, and its last ten at once',
    async ({ store, tenant }) => {
      const count = scaled(subject, 200)
      const drafts = Array.from({ length: count }, (_, i) => [
        draft([put('posts/1', i + 1, i + 1)]),
        draft([put(`posts/x${i}`, 1)]),
      ]).flat()
      for (let i = 0; i < drafts.length; i += 50) await store.append(tenant, drafts.slice(i, i + 50))
      const found = async (versions: readonly number[]): Promise<readonly unknown[]> => {
        const numbers = versions.map((version) => ({ path: path('posts/1'), version }))
        const { rows: numbered } = await store.versions(tenant, numbers, ALL.bytes)
        return numbered.map(({ version, value, revision }) => [version, value, revision])
      }
      const all = Array.from({ length: count }, (_, i) => i + 1)
      for (const version of [1, 2, Math.ceil(count / 2), count]) {
        expect(await found([version])).toEqual([[version, version, version * 2 - 1]])
      }
      for (const version of [0, count + 1]) expect(await found([version])).toEqual([])
      const backwards = all.toReversed()
      expect(await found([0, ...backwards, count + 1])).toEqual(backwards.map((each) => [each, each, each * 2 - 1]))
      const { rows, more } = await store.history(tenant, path('posts/1'), {
        reverse: true,
        limit: { rows: 10, bytes: 1e9 },
      })
      expect(rows.map((row) => row.version)).toEqual(Array.from({ length: count }, (_, i) => i + 1).slice(-10))
      expect(more).toBe(count > 10)
    },
  )

  law(subject, 'history is of one document, not of what lies below or beside it', async ({ store, tenant }) => {
    await commit(
      store,
      tenant,
      ['posts/1', 'posts/10', 'posts/1/comments/1', 'posts-x/1', 'post/s'].map((text) => put(text, 1)),
    )
    expect(texts((await store.history(tenant, path('posts/1'), { limit: ALL })).rows)).toEqual(['posts/1'])
    expect(await store.history(tenant, path('posts/2'), { limit: ALL })).toEqual({ rows: [], more: false })
  })
}
