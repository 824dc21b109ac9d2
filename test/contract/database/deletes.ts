import { describe, expect } from 'vitest'
import type { Database } from '../../../src/core/database.ts'
import { expectRefusal, law, refusal, summary, type DatabaseSubject } from './subject.ts'

/** Two posts, one with two comments, of which one has a reply. */
export async function plantForest(db: Database): Promise<void> {
  await db.put('posts/1', { title: 'a', comments: [] })
  await db.post('posts/1/comments', { text: 'x' }, { id: 'c1' })
  await db.post('posts/1/comments', { text: 'y' }, { id: 'c2' })
  await db.post('posts/1/comments/c1/replies', { text: 'z' }, { id: 'r1' })
  await db.put('posts/2', { title: 'b' })
}

export function deletes(subject: DatabaseSubject): void {
  describe('delete', () => {
    fields(subject)
    documents(subject)
    collections(subject)
  })
}

function fields(subject: DatabaseSubject): void {
  law(subject, 'DE1 deleting a field makes a version without it', async ({ db }) => {
    await db.put('posts/1', { a: 1, meta: { x: 1, y: 2 }, tags: ['p', 'q', 'r'] })
    expect(summary(await db.delete('posts/1/meta/x'))).toEqual(['UPDATE posts/1@2'])
    await db.delete('posts/1/a')
    await db.delete('posts/1/tags/1')
    expect(await db.document('posts/1')).toMatchObject({ version: 4, value: { meta: { y: 2 }, tags: ['p', 'r'] } })
    expect(await db.get('posts/1', { asOf: { version: 1 } })).toEqual({
      a: 1,
      meta: { x: 1, y: 2 },
      tags: ['p', 'q', 'r'],
    })
  })

  law(subject, 'DE2 deleting a field that is not there is NOT_FOUND', async ({ db }) => {
    await db.put('posts/1', { a: 1, tags: ['p'] })
    for (const path of ['posts/1/b', 'posts/1/a/b', 'posts/1/tags/1', 'posts/1/toString']) {
      await expectRefusal(db.delete(path), 'NOT_FOUND', path, 'posts/1')
    }
    expect(await db.document('posts/1')).toMatchObject({ version: 1 })
  })
}

function documents(subject: DatabaseSubject): void {
  law(subject, 'DE3 deleting a document deletes everything below it in one commit, one DELETE each', async ({ db }) => {
    await plantForest(db)
    const commit = await db.delete('posts/1')
    expect(summary(commit).toSorted()).toEqual(
      [
        'DELETE posts/1/comments/c1/replies/r1@2',
        'DELETE posts/1/comments/c1@2',
        'DELETE posts/1/comments/c2@2',
        'DELETE posts/1@2',
      ].toSorted(),
    )
    expect(new Set(commit.changes.map(({ cursor }) => cursor))).toEqual(new Set([commit.cursor]))
    for (const path of ['posts/1', 'posts/1/comments/c1', 'posts/1/comments/c2', 'posts/1/comments/c1/replies/r1']) {
      expect(await db.document(path)).toBeNull()
      expect(await db.get(path)).toBeNull()
    }
    expect(await db.get('posts')).toMatchObject([{ id: '2' }])
  })

  law(subject, 'DE4 a tombstone is a version without a value', async ({ db }) => {
    await db.put('posts/1', { a: 1 })
    const { changes, cursor } = await db.delete('posts/1')
    expect(changes).toMatchObject([
      { type: 'DELETE', path: 'posts/1', document: { version: 2, value: null, deleted: true, cursor } },
    ])
    const { edges } = await db.history('posts/1')
    expect(edges.map(({ node }) => [node.version, node.value, node.deleted])).toEqual([
      [1, { a: 1 }, false],
      [2, null, true],
    ])
  })

  law(subject, 'DE5 deleting what is not there is NOT_FOUND', async ({ db }) => {
    await expectRefusal(db.delete('posts/1'), 'NOT_FOUND', 'posts/1')
    await expectRefusal(db.delete('posts'), 'NOT_FOUND', 'posts')
    await db.put('posts/1', { comments: [] })
    await expectRefusal(db.delete('posts/1/comments/c'), 'NOT_FOUND', 'posts/1/comments/c', 'posts/1')
    await db.delete('posts/1')
    await expectRefusal(db.delete('posts/1'), 'NOT_FOUND', 'posts/1')
    await expectRefusal(db.delete('posts'), 'NOT_FOUND', 'posts')
  })
}

function collections(subject: DatabaseSubject): void {
  law(
    subject,
    'DE6 deleting a collection deletes its documents and everything below, and leaves it empty',
    async ({ db }) => {
      await plantForest(db)
      const nested = await db.delete('posts/1/comments')
      expect(summary(nested).toSorted()).toEqual(
        [
          'DELETE posts/1/comments/c1/replies/r1@2',
          'DELETE posts/1/comments/c1@2',
          'DELETE posts/1/comments/c2@2',
        ].toSorted(),
      )
      expect(await db.get('posts/1/comments')).toEqual([])
      expect(await db.document('posts/1')).toMatchObject({ version: 1, value: { title: 'a', comments: [] } })
      const whole = await db.delete('posts')
      expect(summary(whole).toSorted()).toEqual(['DELETE posts/1@2', 'DELETE posts/2@2'])
      expect(await db.get('posts')).toEqual([])
    },
  )

  law(
    subject,
    'DE7 more documents at once than allowed are TOO_LARGE, of a document and of a collection, and nothing is deleted',
    async ({ db }) => {
      await db.put('posts/1', {})
      await db.transact(
        Array.from({ length: 5 }, (_, i) => ({ kind: 'post', path: 'posts/1/comments', value: i, id: `c${i}` })),
      )
      const tooLarge = { code: 'TOO_LARGE', limit: 'documents', max: 5 }
      expect(await refusal(db.delete('posts/1'))).toEqual(tooLarge)
      expect(await refusal(db.delete('posts'))).toEqual(tooLarge)
      expect(await db.get('posts/1/comments')).toHaveLength(5)
      expect((await db.delete('posts/1/comments')).changes).toHaveLength(5)
      expect((await db.delete('posts')).changes).toHaveLength(1)
    },
    { documents: 5 },
  )

  law(
    subject,
    'DE8 right after the revision of a delete its collection is empty, whatever is posted meanwhile',
    async ({ db }) => {
      await db.put('rooms/1', { messages: [] })
      for (let round = 0; round < 10; round++) {
        const posts = Array.from({ length: 20 }, (_, i) => db.post('rooms/1/messages', { round, i }))
        const deletion = db.delete('rooms/1/messages').catch(() => null)
        const late = Array.from({ length: 20 }, (_, i) => db.post('rooms/1/messages', { round, late: i }))
        const [deleted] = await Promise.all([deletion, ...posts, ...late])
        if (deleted === null) continue
        expect(await db.get('rooms/1/messages', { asOf: { cursor: deleted.cursor } })).toEqual([])
        expect((await db.documents('rooms/1/messages', { asOf: { cursor: deleted.cursor } })).edges).toEqual([])
      }
      expect((await db.log(['rooms'], { types: ['DELETE'], first: 1 })).changes.length).toBeGreaterThan(0)
    },
  )

  law(subject, 'DE9 a document that is deleted while others post below it leaves nothing below', async ({ db }) => {
    for (let round = 0; round < 10; round++) {
      const room = `rooms/${round}`
      await db.put(room, { messages: [] })
      const posts = (): Promise<unknown>[] => Array.from({ length: 10 }, (_, i) => db.post(`${room}/messages`, { i }))
      const before = posts()
      const deletion = db.delete(room)
      const outcomes = await Promise.allSettled([...before, deletion, ...posts()])
      const codes = outcomes.flatMap((outcome) =>
        outcome.status === 'rejected' ? [(outcome.reason as { code?: string }).code] : [],
      )
      expect(codes.filter((code) => code !== 'NOT_FOUND')).toEqual([])
      expect((await db.documents(`${room}/messages`)).edges).toEqual([])
    }
  })
}
