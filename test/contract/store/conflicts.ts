import { expect } from 'vitest'
import type { Expectation } from '../../../src/store/store.ts'
import { ALL, commit, draft, path, put, remove } from '../../support/store/drafts.ts'
import { freshTenant, law, type Fixture, type StoreSubject } from './subject.ts'

const at = (text: string, version: number): Expectation => ({ kind: 'version', path: path(text), version })
const unchanged = (below: string, since: number): Expectation => ({ kind: 'unchanged', below: path(below), since })

/** What a draft that expects this, and writes nothing, meets: `null` or the conflict. */
async function meet({ store, tenant }: Fixture, ...expects: readonly Expectation[]): Promise<unknown> {
  const [result] = await store.append(tenant, [draft([], { expects })])
  return result?.kind === 'conflict' ? [result.path.join('/'), result.version] : null
}

/** L5 and L6. */
export function conflictContract(subject: StoreSubject): void {
  law(subject, 'L5 the same id again answers the first commit, whatever it writes', async ({ store, tenant }) => {
    const first = await commit(store, tenant, [put('posts/1', 1)], { id: 'key-1', digest: 'a' })
    const again = [
      draft([put('posts/1', 1)], { id: 'key-1' }),
      draft([put('posts/2', 5)], { id: 'key-1', digest: 'b' }),
    ]
    const { epoch } = await store.log(tenant, { after: 0, limit: ALL })
    expect(await store.append(tenant, again)).toEqual([
      { kind: 'repeated', commit: first, epoch },
      { kind: 'repeated', commit: first, epoch },
    ])
    expect((await store.log(tenant, { after: 0, limit: ALL })).last).toBe(1)
  })

  law(subject, 'L5 the same id twice in one batch is one commit', async ({ store, tenant }) => {
    const [first, second] = await store.append(tenant, [
      draft([put('posts/1', 1)], { id: 'k' }),
      draft([put('posts/2', 1)], { id: 'k' }),
    ])
    expect(first?.kind).toBe('committed')
    expect(second).toEqual({ ...first, kind: 'repeated' })
  })

  law(subject, 'L5 the same id in appends that run at once is one commit', async ({ store, tenant }) => {
    const drafts = Array.from({ length: 5 }, (_, i) => draft([put(`posts/${i}`, 1)], { id: 'k' }))
    const results = (await Promise.all(drafts.map((each) => store.append(tenant, [each])))).flat()
    expect(results.filter(({ kind }) => kind === 'committed')).toHaveLength(1)
    expect(results.filter(({ kind }) => kind === 'repeated')).toHaveLength(4)
    expect((await store.log(tenant, { after: 0, limit: ALL })).last).toBe(1)
  })

  law(
    subject,
    'L5 ids are texts of any letters and of up to 128 bytes, apart per tenant',
    async ({ store, tenant }) => {
      const ids = [
        'a',
        'A',
        'a ',
        '$x.y',
        'é',
        '😀',
        'ﬀ',
        '/',
        `${'k'.repeat(127)}a`,
        `${'k'.repeat(127)}b`,
        '1',
        '__proto__',
      ]
      const results = await store.append(
        tenant,
        ids.map((id) => draft([], { id })),
      )
      expect(results.map(({ kind }) => kind)).toEqual(ids.map(() => 'committed'))
      expect((await store.find(tenant, ids)).map((found) => found?.id)).toEqual(ids)
      expect(await store.find(freshTenant(), ids)).toEqual(ids.map(() => null))
    },
  )

  law(subject, 'L6 a conflict names the path and its current version', async (fixture) => {
    const { store, tenant } = fixture
    await store.append(tenant, [
      draft([put('posts/1', 1), put('posts/2', 1)]),
      draft([put('posts/1', 2)]),
      draft([remove('posts/2', 2)]),
    ])
    expect(await meet(fixture, at('posts/1', 2), at('posts/2', 2), at('posts/3', 0))).toBeNull()
    expect(await meet(fixture, at('posts/1', 2), at('posts/1', 1))).toEqual(['posts/1', 2])
    expect(await meet(fixture, at('posts/2', 1))).toEqual(['posts/2', 2])
    expect(await meet(fixture, at('posts/3', 1))).toEqual(['posts/3', 0])
    const [written] = await store.append(tenant, [draft([put('posts/3', 1), put('posts/1', 2)])])
    expect(written).toEqual({ kind: 'conflict', path: path('posts/1'), version: 2 })
  })

  law(
    subject,
    'L6 the first expectation that does not hold is named, expectations before writes',
    async ({ store, tenant }) => {
      await commit(store, tenant, [put('posts/1', 1), put('posts/2', 1)])
      const [result] = await store.append(tenant, [
        draft([put('posts/2', 1)], { expects: [at('posts/3', 0), at('posts/1', 7), at('posts/2', 8)] }),
      ])
      expect(result).toEqual({ kind: 'conflict', path: path('posts/1'), version: 1 })
    },
  )

  law(
    subject,
    'L6 `unchanged` breaks with a write at or below its path after its revision, and names it',
    async (fixture) => {
      const { store, tenant } = fixture
      await store.append(
        tenant,
        ['posts/1', 'posts/1/comments/1', 'posts/1/comments/1/likes/1'].map((text) => draft([put(text, 1)])),
      )
      await commit(store, tenant, [put('other/1', 1), remove('posts/1', 2)])
      const holding = [
        unchanged('posts', 4),
        unchanged('posts/1/comments', 3),
        unchanged('posts/1/comments/1/likes', 3),
      ]
      expect(await meet(fixture, ...holding)).toBeNull()
      expect(await meet(fixture, unchanged('posts', 3))).toEqual(['posts', 0])
      expect(await meet(fixture, unchanged('posts/1', 3))).toEqual(['posts/1', 2])
      expect(await meet(fixture, unchanged('posts/1/comments', 2))).toEqual(['posts/1/comments', 0])
      expect(await meet(fixture, unchanged('posts/1/comments/1', 1))).toEqual(['posts/1/comments/1', 1])
    },
  )

  law(subject, '`unchanged` matches by segment, and a revision ahead is unchanged', async (fixture) => {
    const { store, tenant } = fixture
    await store.append(
      tenant,
      ['posts2/1', 'posts-x/1', 'posts/10', 'posts/10/comments/1', 'post/1'].map((text) => draft([put(text, 1)])),
    )
    const holding = [
      unchanged('posts/1', 0),
      unchanged('posts/1/comments', 0),
      unchanged('pos', 0),
      unchanged('posts/10', 999),
    ]
    expect(await meet(fixture, ...holding)).toBeNull()
  })
}
