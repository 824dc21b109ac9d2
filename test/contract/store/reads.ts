import { expect } from 'vitest'
import type { Range } from '../../../src/store/store.ts'
import { ALL, commit, path, put, remove, texts } from '../../support/store/drafts.ts'
import { law, type Fixture, type StoreSubject } from './subject.ts'

type RangeParts = Partial<Omit<Range, 'path' | 'after' | 'before'>> & {
  readonly after?: string
  readonly before?: string
}

/** Paths of what a range of the latest state lists. */
async function list(
  { store, tenant }: Fixture,
  at: string,
  { after, before, ...parts }: RangeParts = {},
): Promise<readonly string[]> {
  const bounds = {
    after: after === undefined ? undefined : path(after),
    before: before === undefined ? undefined : path(before),
  }
  const page = await store.list(tenant, {
    kind: 'collection',
    limit: ALL,
    ...parts,
    ...bounds,
    path: at === '' ? [] : path(at),
  })
  return texts(page.rows)
}

/** In the order of their UTF-8 bytes; by UTF-16 units the last two would change places. */
const ORDERED = [' a', '-', '0', '1', '10', '2', 'A', 'Z', 'a', 'a b', 'a-b', 'a0', 'aa', 'z', 'é', 'ﬀ', '😀']

const TREE = [
  'post/1',
  'posts/1',
  'posts/10',
  'posts/2',
  'posts-x/1',
  'posts/1/comments/1',
  'posts/1/comments/2',
  'posts/1/comments/1/likes/1',
  'posts/1/comments-x/1',
  'posts/10/comments/1',
  'posts/2/links/1',
  'posts2/1',
  'posts0/1',
]

/** Reads of the latest state: heads, list, collections. */
export function readContract(subject: StoreSubject): void {
  law(
    subject,
    'heads are in the order asked, tombstones included, null where there never was a version',
    async ({ store, tenant }) => {
      const { versions } = await commit(store, tenant, [put('posts/1', 1), put('posts/2', 1, 'two')])
      const {
        versions: [gone],
      } = await commit(store, tenant, [remove('posts/1', 2)])
      const snapshot = await store.heads(
        tenant,
        ['posts/2', 'posts/3', 'posts/1', 'posts/2', 'posts/1/posts/2'].map(path),
      )
      expect(snapshot).toEqual({ revision: 2, rows: [versions[1], null, gone, versions[1], null] })
    },
  )

  law(subject, 'a fresh tenant is empty at revision 0', async ({ store, tenant }) => {
    expect(await store.heads(tenant, [path('posts/1')])).toEqual({ revision: 0, rows: [null] })
    expect(await store.list(tenant, { kind: 'below', path: ['posts'], limit: ALL })).toEqual({
      revision: 0,
      rows: [],
      more: false,
    })
    expect(await store.history(tenant, path('posts/1'), { limit: ALL })).toEqual({ rows: [], more: false })
    expect(await store.versions(tenant, [{ path: path('posts/1'), version: 1 }], ALL.bytes)).toEqual({
      rows: [],
      more: false,
    })
    expect(await store.versions(tenant, [], ALL.bytes)).toEqual({ rows: [], more: false })
    expect(await store.collections(tenant, [path('posts/1')])).toEqual([[]])
    expect(await store.log(tenant, { after: 0, limit: ALL })).toMatchObject({ commits: [], floor: 0, last: 0 })
    expect(await store.revisionAt(tenant, 1e15)).toBe(0)
  })

  law(subject, 'L17 what is confirmed is the last revision', async ({ store, tenant }) => {
    expect(await store.confirm(tenant)).toBe(0)
    for (let revision = 1; revision <= 3; revision++) {
      await commit(store, tenant, [put('posts/1', revision)])
      expect(await store.confirm(tenant)).toBe(revision)
    }
  })

  law(subject, 'a list is in the order of the ids by code point, forward and back', async (fixture) => {
    await commit(
      fixture.store,
      fixture.tenant,
      ORDERED.toSorted().map((id) => put(`posts/${id}`, 1)),
    )
    const all = ORDERED.map((id) => `posts/${id}`)
    expect(await list(fixture, 'posts')).toEqual(all)
    expect(await list(fixture, 'posts', { reverse: true })).toEqual(all)
    expect(await list(fixture, 'posts', { after: 'posts/z' })).toEqual(['posts/é', 'posts/ﬀ', 'posts/😀'])
    expect(await list(fixture, 'posts', { after: 'posts/ﬀ', reverse: true })).toEqual(['posts/😀'])
    expect(await list(fixture, 'posts', { before: 'posts/ﬀ', after: 'posts/aa' })).toEqual(['posts/z', 'posts/é'])
  })

  law(subject, 'long ids and paths keep the order of code points', async (fixture) => {
    const long = 'y'.repeat(100)
    const ids = [long, `${long}ﬀ`, `${long}😀`, 'z']
    const deep = `${'c'.repeat(120)}/${'d'.repeat(120)}`
    const collection = [deep, deep, deep, 'e'.repeat(128)].join('/')
    await commit(
      fixture.store,
      fixture.tenant,
      ids.toReversed().map((id) => put(`${collection}/${id}`, 1)),
    )
    expect(await list(fixture, collection)).toEqual(ids.map((id) => `${collection}/${id}`))
    expect(await list(fixture, deep, { kind: 'below', reverse: true })).toEqual(ids.map((id) => `${collection}/${id}`))
  })

  law(
    subject,
    'a collection lists its own documents, and below lists the nested ones too, by collection and then id',
    async (fixture) => {
      await commit(
        fixture.store,
        fixture.tenant,
        TREE.map((text) => put(text, 1)),
      )
      expect(await list(fixture, 'posts')).toEqual(['posts/1', 'posts/10', 'posts/2'])
      const comments = ['posts/1/comments/1', 'posts/1/comments/2']
      const likes = 'posts/1/comments/1/likes/1'
      const beside = 'posts/1/comments-x/1'
      const below = [
        'posts/1',
        'posts/10',
        'posts/2',
        ...comments,
        beside,
        likes,
        'posts/10/comments/1',
        'posts/2/links/1',
      ]
      expect(await list(fixture, 'posts', { kind: 'below' })).toEqual(below)
      expect(await list(fixture, 'posts', { kind: 'below', reverse: true })).toEqual(below)
      expect(await list(fixture, 'posts/1', { kind: 'below' })).toEqual([...comments, beside, likes])
      expect(await list(fixture, 'posts/1/comments', { kind: 'below' })).toEqual([...comments, likes])
      expect(await list(fixture, 'posts/3', { kind: 'below' })).toEqual([])
      expect(await list(fixture, '', { kind: 'below' })).toHaveLength(TREE.length)
    },
  )

  law(subject, 'levels bound how deep a range goes, in both directions, from any bound', async (fixture) => {
    await commit(
      fixture.store,
      fixture.tenant,
      [...TREE, ...TREE.slice(1, 4).map((text) => `${text}/links/1/likes/1`)].map((text) => put(text, 1)),
    )
    const roots = ['', 'posts', 'posts/1', 'posts/1/comments', 'nothing/1']
    const cases = roots.flatMap((root) =>
      [1, 2, 3].flatMap((levels) => [false, true].map((reverse) => ({ root, levels, reverse }))),
    )
    for (const { root, levels, reverse } of cases) {
      const all = await list(fixture, root, { kind: 'below' })
      const base = root === '' ? 0 : root.split('/').length
      const longest = base - (base % 2) + 2 * levels
      const shown = all.filter((text) => text.split('/').length <= longest)
      const asked = { kind: 'below', levels, reverse } as const
      expect([root, levels, await list(fixture, root, asked)]).toEqual([root, levels, shown])
      for (const [i, bound] of shown.entries()) {
        expect(await list(fixture, root, { ...asked, after: bound })).toEqual(shown.slice(i + 1))
        expect(await list(fixture, root, { ...asked, before: bound })).toEqual(shown.slice(0, i))
      }
    }
  })

  law(subject, 'paths are those of a list, of every range, now and as of then', async ({ store, tenant }) => {
    await commit(
      store,
      tenant,
      TREE.map((text) => put(text, 1)),
    )
    await commit(store, tenant, [remove('posts/2', 2), remove('posts/1/comments/1', 2)])
    await commit(store, tenant, [put('posts/2', 3), put('posts/3', 1)])
    const ranges = ['posts', 'posts/1/comments', 'posts/1'].flatMap((at): readonly Range[] => [
      { kind: at === 'posts/1' ? 'below' : 'collection', path: path(at), limit: ALL },
      { kind: 'below', path: path(at), limit: ALL, levels: 1, reverse: true },
      { kind: 'below', path: path(at), limit: { rows: 2, bytes: 1e9 }, deleted: true },
    ])
    for (const at of [0, 1, 2, 3, undefined]) {
      for (const range of ranges) {
        const { rows, ...page } = await store.list(tenant, range, at)
        expect(await store.paths(tenant, range, at)).toEqual({ ...page, rows: rows.map((row) => row.path) })
      }
    }
  })

  law(subject, 'bounds cut a range that goes over collections, whether they exist or not', async (fixture) => {
    await commit(
      fixture.store,
      fixture.tenant,
      TREE.map((text) => put(text, 1)),
    )
    const all = await list(fixture, 'posts', { kind: 'below' })
    for (const [i, bound] of all.entries()) {
      for (const reverse of [false, true]) {
        expect(await list(fixture, 'posts', { kind: 'below', after: bound, reverse })).toEqual(all.slice(i + 1))
        expect(await list(fixture, 'posts', { kind: 'below', before: bound, reverse })).toEqual(all.slice(0, i))
      }
    }
    expect(await list(fixture, 'posts', { kind: 'below', after: 'posts/3' })).toEqual(all.slice(3))
    expect(await list(fixture, 'posts', { kind: 'below', before: 'a/1' })).toEqual([])
    expect(await list(fixture, 'posts', { kind: 'below', after: 'z/1' })).toEqual([])
  })

  law(subject, 'deleted documents are listed only when asked for, in their places', async (fixture) => {
    const { store, tenant } = fixture
    await commit(
      store,
      tenant,
      ['1', '2', '3', '4', '5'].map((id) => put(`posts/${id}`, 1)),
    )
    await commit(
      store,
      tenant,
      ['1', '3', '5'].map((id) => remove(`posts/${id}`, 2)),
    )
    await commit(store, tenant, [put('posts/3', 3)])
    const all = ['1', '2', '3', '4', '5'].map((id) => `posts/${id}`)
    expect(await list(fixture, 'posts')).toEqual(['posts/2', 'posts/3', 'posts/4'])
    expect(await list(fixture, 'posts', { reverse: true })).toEqual(['posts/2', 'posts/3', 'posts/4'])
    expect(await list(fixture, 'posts', { deleted: true })).toEqual(all)
    expect(await list(fixture, 'posts', { deleted: true, reverse: true, after: 'posts/1' })).toEqual(all.slice(1))
    expect(await list(fixture, 'posts', { deleted: true, kind: 'below', limit: { rows: 2, bytes: 1e9 } })).toEqual(
      all.slice(0, 2),
    )
  })

  law(subject, 'collections are those right below, by name, with deleted documents too', async ({ store, tenant }) => {
    await commit(
      store,
      tenant,
      TREE.map((text) => put(text, 1)),
    )
    await commit(store, tenant, [remove('posts/2/links/1', 2)])
    await commit(store, tenant, [put('posts/3/hidden/1/deep/1', 1), put('posts/1/ﬀ/1', 1), put('posts/1/😀/1', 1)])
    const documents = ['posts/1', 'posts/10', 'posts/2', 'posts/3', 'posts/1/comments/1', 'posts/9'].map(path)
    expect(await store.collections(tenant, documents)).toEqual([
      ['comments', 'comments-x', 'ﬀ', '😀'],
      ['comments'],
      ['links'],
      [],
      ['likes'],
      [],
    ])
    expect(await store.collections(tenant, [[]])).toEqual([['post', 'posts', 'posts-x', 'posts0', 'posts2']])
  })
}
