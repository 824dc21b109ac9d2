import { describe, expect } from 'vitest'
import type { CollectionPage, Database, Op } from '../../../src/core/database.ts'
import type { CollectionsOptions } from '../../../src/core/database/options.ts'
import { expectRefusal, law, refusal, timestamp, type DatabaseSubject } from './subject.ts'

/** Collections as `posts 2`: name and number of documents. */
function told(page: CollectionPage | null): readonly string[] | null {
  return page === null ? null : page.edges.map(({ node }) => `${node.name} ${node.documents ?? 'many'}`)
}

async function collectionsOf(
  db: Database,
  path: string | null,
  options?: CollectionsOptions,
): Promise<readonly string[] | null> {
  return told(await db.collections(path, options))
}

function posts(count: number, collection = 'posts'): readonly Op[] {
  return Array.from({ length: count }, (_, i) => ({ kind: 'put', path: `${collection}/${i}`, value: i }))
}

export function collections(subject: DatabaseSubject): void {
  describe('collections', () => {
    contents(subject)
    pages(subject)
    past(subject)
  })
}

function contents(subject: DatabaseSubject): void {
  law(subject, 'CO1 the root has its collections by name, each with the number of its documents', async ({ db }) => {
    expect(await collectionsOf(db, null)).toEqual([])
    await db.transact([...posts(3), ...posts(1, 'posts-x'), ...posts(2, 'a')])
    await db.put('posts/1', { comments: [] })
    await db.put('posts/1/comments/c', 1)
    const page = await db.collections(null)
    expect(told(page)).toEqual(['a 2', 'posts 3', 'posts-x 1'])
    expect(page?.edges.map(({ node }) => node.path)).toEqual(['a', 'posts', 'posts-x'])
    expect(page).toMatchObject({ hasNextPage: false, hasPreviousPage: false, cursor: (await db.log(['*'])).cursor })
  })

  law(
    subject,
    'CO2 below a document are those that have or had documents, and those that are declared',
    async ({ db }) => {
      await db.put('posts/1', { title: 'a', comments: [], likes: [], tags: ['x'], 'a/b': [], '': [] })
      await db.put('posts/1/comments/c', { replies: [] })
      await db.put('posts/1/comments/c/replies/r', 1)
      await db.put('posts/1/comments/d', 1)
      expect(await collectionsOf(db, 'posts/1')).toEqual(['comments 2', 'likes 0'])
      expect(await collectionsOf(db, 'posts/1/comments/c')).toEqual(['replies 1'])
      expect(await collectionsOf(db, 'posts/1/comments/d')).toEqual([])
      await db.delete('posts/1/comments')
      await db.patch('posts/1', { merge: { likes: null } })
      expect(await collectionsOf(db, 'posts/1')).toEqual(['comments 0'])
      const [comments] = (await db.collections('posts/1'))?.edges ?? []
      expect(comments?.node).toEqual({ path: 'posts/1/comments', name: 'comments', documents: 0 })
    },
  )

  law(subject, 'CO3 a document that is not there has none: null', async ({ db }) => {
    await db.put('posts/1', { meta: { x: { list: [] } } })
    await db.put('posts/2', { comments: [] })
    await db.delete('posts/2')
    for (const path of ['posts/2', 'posts/3', 'posts/1/meta/x']) expect(await db.collections(path)).toBeNull()
    for (const path of ['posts', 'posts/1/comments']) await expectRefusal(db.collections(path), 'INVALID_PATH', path)
    await expectRefusal(db.collections('posts//1'), 'INVALID_PATH', 'posts//1')
  })

  law(subject, 'CO4 documents are counted up to 1,000; more are null', async ({ db }) => {
    const all = [...posts(500), ...posts(1_001).slice(500)]
    for (let i = 0; i < all.length; i += 500) await db.transact(all.slice(i, i + 500))
    await db.put('one/1', 1)
    expect(await collectionsOf(db, null)).toEqual(['one 1', 'posts many'])
    await db.delete('posts/7')
    expect(await collectionsOf(db, null)).toEqual(['one 1', 'posts 1000'])
  })
}

const NAMES = ['Z', 'a', 'a-b', 'aa', 'b', '\u00e9', '\ufb00', '\u{1f600}']

function pages(subject: DatabaseSubject): void {
  law(subject, 'CO5 pages of any size, in the order of code points, give every collection once', async ({ db }) => {
    await db.put('x/1', Object.fromEntries(NAMES.map((name) => [name, []])))
    await db.transact(
      NAMES.filter((_, i) => i % 2 === 0).map((name) => ({ kind: 'put', path: `x/1/${name}/1`, value: 1 })),
    )
    for (const first of [1, 2, 3, 100]) {
      const seen: string[] = []
      for (let after: string | undefined, more = true; more;) {
        const page = await db.collections('x/1', { first, after })
        expect(page?.edges.length).toBeLessThanOrEqual(first)
        expect(page?.hasPreviousPage).toBe(after !== undefined)
        seen.push(...(page?.edges ?? []).map(({ node }) => node.name))
        after = page?.endCursor ?? undefined
        more = page?.hasNextPage === true
      }
      expect(seen).toEqual(NAMES)
    }
  })

  law(
    subject,
    'CO6 a page of less than 1 is BAD_REQUEST, of more than 1,000 TOO_LARGE, other cursors are refused',
    async ({ db }) => {
      for (const first of [0, -1, 1.5]) {
        expect(await refusal(db.collections(null, { first }))).toEqual({ code: 'BAD_REQUEST', argument: 'first' })
      }
      expect(await refusal(db.collections(null, { first: 1_001 }))).toMatchObject({ code: 'TOO_LARGE', max: 1_000 })
      await db.put('posts/1', 1)
      const { edges } = await db.documents('posts')
      const wrong = (text: string): string => Buffer.from(`name:${text}`).toString('base64url')
      for (const after of ['x', '', edges[0]?.cursor ?? '', wrong('a/b/c'), wrong('$a'), wrong(''), wrong('a/')]) {
        expect(await refusal(db.collections(null, { after }))).toEqual({ code: 'BAD_REQUEST', argument: 'after' })
      }
    },
  )

  law(
    subject,
    'CO7 a page for which much is counted ends early, and goes on from its end',
    async ({ db }) => {
      for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await db.transact([...posts(30, name)])
      const page = await db.collections(null)
      expect(page?.edges.length).toBeGreaterThan(0)
      expect(page?.hasNextPage).toBe(true)
      const seen: string[] = []
      for (let after: string | undefined, more = true; more;) {
        const next = await db.collections(null, { after })
        seen.push(...(told(next) ?? []))
        after = next?.endCursor ?? undefined
        more = next?.hasNextPage === true
      }
      expect(seen).toEqual(['a 30', 'b 30', 'c 30', 'd 30', 'e 30', 'f 30', 'g 30'])
    },
    { searchedDocuments: 40 },
  )
}

function past(subject: DatabaseSubject): void {
  law(subject, 'CO8 as of a moment they are those of then, with the counts of then', async ({ db, clock }) => {
    const first = await db.put('posts/1', { comments: [] })
    clock.time += 1_000
    const second = await db.transact([{ kind: 'post', path: 'posts/1/likes', id: 'a', value: 1 }, ...posts(2, 'a')])
    clock.time += 1_000
    await db.transact([{ kind: 'delete', path: 'posts/1' }, { kind: 'delete', path: 'a/0' }, ...posts(1, 'b')])
    const at = { asOf: { cursor: first.cursor } }
    expect(await collectionsOf(db, null, at)).toEqual(['posts 1'])
    expect(await collectionsOf(db, 'posts/1', at)).toEqual(['comments 0'])
    const then = { asOf: { time: timestamp(clock.time - 1) } }
    expect(await collectionsOf(db, null, then)).toEqual(['a 2', 'posts 1'])
    expect(await collectionsOf(db, 'posts/1', then)).toEqual(['comments 0', 'likes 1'])
    expect((await db.collections(null, then))?.cursor).toBe(second.cursor)
    expect(await collectionsOf(db, null)).toEqual(['a 1', 'b 1', 'posts 0'])
    expect(await db.collections('posts/1')).toBeNull()
    await db.put('posts/1', {})
    expect(await collectionsOf(db, 'posts/1')).toEqual(['likes 0'])
    expect(await collectionsOf(db, 'posts/1', { asOf: { version: 1 } })).toEqual(['comments 0'])
    expect(await refusal(db.collections(null, { asOf: { version: 1 } }))).toMatchObject({ code: 'BAD_REQUEST' })
  })
}
