import { describe, expect } from 'vitest'
import type { Database } from '../../../src/core/database.ts'
import { expectRefusal, law, refusal, summary, type DatabaseSubject } from './subject.ts'

export function restores(subject: DatabaseSubject): void {
  describe('restore', () => {
    documents(subject)
    fields(subject)
    trees(subject)
    bounds(subject)
  })
}

/** A post with two comments; the cursor of that moment. */
async function plantTree(db: Database): Promise<string> {
  await db.transact([
    { kind: 'put', path: 'posts/1', value: { title: 'a', comments: [] } },
    { kind: 'put', path: 'posts/1/comments/x', value: { text: 'x', replies: [] } },
    { kind: 'put', path: 'posts/1/comments/x/replies/r', value: 'r' },
  ])
  return (await db.put('posts/1/comments/y', { text: 'y' })).cursor
}

/** The value of `get`, without the times at which documents were written. */
async function treeOf(db: Database, path: string): Promise<unknown> {
  return JSON.parse(JSON.stringify(await db.get(path), (key, value: unknown) => (key === 'ts' ? undefined : value)))
}

function documents(subject: DatabaseSubject): void {
  law(subject, 'RS1 a document becomes what it was, by a commit of its own', async ({ db }) => {
    const { cursor } = await db.put('posts/1', { title: 'a' })
    await db.put('posts/1', { title: 'b' })
    const restored = await db.restore('posts/1', { version: 1 })
    expect(summary(restored)).toEqual(['UPDATE posts/1@3'])
    expect(restored.changes[0]).toMatchObject({ document: { value: { title: 'a' } }, fields: [] })
    await db.delete('posts/1')
    expect(summary(await db.restore('posts/1', { cursor }))).toEqual(['NEW posts/1@5'])
    expect(summary(await db.restore('posts/1', { cursor })), 'also when nothing changes').toEqual(['UPDATE posts/1@6'])
    expect(summary(await db.log(['*'])).slice(-2)).toEqual(['NEW posts/1@5', 'UPDATE posts/1@6'])
  })

  law(subject, 'RS2 what lies below a document stays, and what was not there is deleted', async ({ db }) => {
    const { cursor } = await db.put('other/1', 1)
    await plantTree(db)
    await db.put('posts/1/title', 'b')
    await db.restore('posts/1', { version: 1 })
    expect(await db.get('posts/1')).toMatchObject({ title: 'a', comments: [{ id: 'x' }, { id: 'y' }] })
    const gone = await db.restore('posts/1', { cursor })
    expect([...summary(gone)].toSorted()).toEqual([
      'DELETE posts/1/comments/x/replies/r@2',
      'DELETE posts/1/comments/x@2',
      'DELETE posts/1/comments/y@2',
      'DELETE posts/1@4',
    ])
    await expectRefusal(db.restore('posts/1', { cursor }), 'NOT_FOUND', 'posts/1')
    await expectRefusal(db.restore('posts/9', { cursor }), 'NOT_FOUND', 'posts/9')
    await expectRefusal(db.restore('posts/1', { version: 9 }), 'NOT_FOUND', 'posts/1')
  })

  law(
    subject,
    'RS3 a nested document needs its parent, an expectation holds, and a key is one commit',
    async ({ db }) => {
      const cursor = await plantTree(db)
      await db.delete('posts/1')
      await expectRefusal(db.restore('posts/1/comments/x', { cursor }), 'NOT_FOUND', 'posts/1')
      await expectRefusal(db.restore('posts/1', { cursor }, { expect: { exists: true } }), 'CONFLICT', 'posts/1')
      const key = { key: 'back', expect: { absent: true } }
      const first = await db.restore('posts/1', { cursor }, key)
      expect(await db.restore('posts/1', { cursor }, key)).toMatchObject({
        id: 'back',
        cursor: first.cursor,
        repeated: true,
      })
      await expectRefusal(db.restore('posts/1', { version: 1 }, key), 'KEY_REUSED')
      await expectRefusal(db.put('posts/1', {}, { key: 'back' }), 'KEY_REUSED')
      expect(summary(await db.restore('posts/1/comments/x', { cursor }))).toEqual(['NEW posts/1/comments/x@3'])
    },
  )
}

function fields(subject: DatabaseSubject): void {
  law(subject, 'RS4 a field becomes what it was, and the rest stays', async ({ db }) => {
    const { cursor } = await db.put('posts/1', { title: 'a', meta: { likes: 1 }, tags: ['x', 'y'] })
    await db.put('posts/1', { title: 'b', meta: {}, tags: ['y'], more: 1 })
    const restored = await db.restore('posts/1/meta/likes', { cursor })
    expect(restored.changes[0]).toMatchObject({ type: 'UPDATE', fields: ['meta/likes'] })
    await db.restore('posts/1/tags', { version: 1 })
    expect(await db.get('posts/1')).toEqual({ title: 'b', meta: { likes: 1 }, tags: ['x', 'y'], more: 1 })
    expect((await db.restore('posts/1/more', { cursor })).changes[0]?.fields).toEqual(['more'])
    expect(await db.get('posts/1/more')).toBeNull()
    await expectRefusal(db.restore('posts/1/more', { cursor }), 'NOT_FOUND', 'posts/1/more')
    await db.delete('posts/1')
    await expectRefusal(db.restore('posts/1/title', { cursor }), 'NOT_FOUND', 'posts/1')
  })

  law(subject, 'RS5 a field whose name a collection has taken is NAME_TAKEN', async ({ db }) => {
    const { cursor } = await db.put('posts/1', { comments: 'none' })
    await db.put('posts/1', {})
    await db.post('posts/1/comments', {}, { id: 'x' })
    await expectRefusal(db.restore('posts/1', { cursor }), 'NAME_TAKEN')
    await expectRefusal(db.restore('posts/1', { cursor }, { scope: 'TREE' }), 'NAME_TAKEN')
    expect(await db.get('posts/1/comments')).toHaveLength(1)
  })
}

function trees(subject: DatabaseSubject): void {
  law(subject, 'RS6 a tree becomes what it was, with all below it, in one commit', async ({ db }) => {
    const cursor = await plantTree(db)
    const then = await treeOf(db, 'posts/1')
    await db.delete('posts/1/comments/x')
    await db.put('posts/1/comments/z', { text: 'since' })
    await db.put('posts/1', { title: 'b', more: 1 })
    const restored = await db.restore('posts/1', { cursor }, { scope: 'TREE' })
    expect(summary(restored)).toEqual([
      'DELETE posts/1/comments/z@2',
      'UPDATE posts/1@3',
      'NEW posts/1/comments/x@3',
      'UPDATE posts/1/comments/y@2',
      'NEW posts/1/comments/x/replies/r@3',
    ])
    expect(await treeOf(db, 'posts/1')).toEqual(then)
    await db.delete('posts/1')
    await db.restore('posts/1', { cursor }, { scope: 'TREE' })
    expect(await treeOf(db, 'posts/1')).toEqual(then)
    expect(await treeOf(db, 'posts')).toEqual([{ id: '1', value: then }])
  })

  law(subject, 'RS7 a collection is restored as a tree, and only so', async ({ db }) => {
    const cursor = await plantTree(db)
    await db.put('posts/2', {})
    const then = await treeOf(db, 'posts/1/comments')
    for (const path of ['posts', 'posts/1/comments']) {
      expect(await refusal(db.restore(path, { cursor }))).toMatchObject({ code: 'BAD_REQUEST', argument: 'scope' })
      const expectation = { scope: 'TREE' as const, expect: { exists: true } }
      expect(await refusal(db.restore(path, { cursor }, expectation))).toMatchObject({ code: 'BAD_REQUEST' })
    }
    await db.put('posts/1/comments/z', 'since')
    await db.delete('posts/1/comments/y')
    await db.restore('posts/1/comments', { cursor }, { scope: 'TREE' })
    expect(
      summary(await db.log(['*']))
        .slice(-4)
        .toSorted(),
    ).toEqual([
      'DELETE posts/1/comments/z@2',
      'NEW posts/1/comments/y@3',
      'UPDATE posts/1/comments/x/replies/r@2',
      'UPDATE posts/1/comments/x@2',
    ])
    await db.restore('posts', { cursor }, { scope: 'TREE' })
    expect(await treeOf(db, 'posts/1/comments')).toEqual(then)
    expect(await db.document('posts/2')).toBeNull()
    await db.delete('posts')
    await expectRefusal(db.restore('posts/1/comments', { cursor }, { scope: 'TREE' }), 'NOT_FOUND', 'posts/1')
    await db.restore('posts', { cursor }, { scope: 'TREE' })
    expect(await treeOf(db, 'posts/1/comments')).toEqual(then)
    await expectRefusal(db.restore('nowhere', { cursor }, { scope: 'TREE' }), 'NOT_FOUND', 'nowhere')
  })

  law(subject, 'RS8 restoring to before anything was there deletes it', async ({ db }) => {
    const { cursor } = await db.put('other/1', 1)
    await plantTree(db)
    await db.restore('posts', { cursor }, { scope: 'TREE' })
    expect(await db.get('posts')).toEqual([])
    await expectRefusal(db.restore('posts', { cursor }, { scope: 'TREE' }), 'NOT_FOUND', 'posts')
  })
}

function bounds(subject: DatabaseSubject): void {
  const limits = { documents: 3 }
  law(
    subject,
    'RS9 a restore of more documents than one commit may write is TOO_LARGE, and changes nothing',
    async ({ db }) => {
      const cursors: string[] = []
      for (const id of ['1', '2', '3', '4']) cursors.push((await db.put(`posts/${id}`, {})).cursor)
      const at = (cursor: string | undefined): Promise<unknown> =>
        db.restore('posts', { cursor: cursor ?? '' }, { scope: 'TREE' })
      expect(await refusal(at(cursors[3]))).toMatchObject({ code: 'TOO_LARGE', limit: 'documents', max: 3 })
      expect(await refusal(at(cursors[2]))).toMatchObject({ code: 'TOO_LARGE', limit: 'documents', max: 3 })
      await db.delete('posts/4')
      await at(cursors[0])
      await db.delete('posts/1')
      await db.put('posts/5', {})
      await db.put('posts/6', {})
      expect(await refusal(at(cursors[1])), 'gone and come together').toMatchObject({ limit: 'documents' })
      expect(await db.get('posts')).toHaveLength(2)
    },
    limits,
  )

  law(subject, 'RS10 the moment is exactly one that has passed; of a tree, no version', async ({ db }) => {
    await db.put('posts/1', {})
    for (const to of [{}, { version: 1, cursor: 'x' }, { time: '2126-01-01T00:00:00.000Z' }, { version: 0 }]) {
      expect(await refusal(db.restore('posts/1', to as never))).toMatchObject({ code: 'BAD_REQUEST', argument: 'to' })
    }
    await expect(db.restore('posts/1', {} as never)).rejects.toThrow('to has exactly one of: time, cursor, version.')
    const tree = await refusal(db.restore('posts/1', { version: 1 }, { scope: 'TREE' }))
    expect(tree).toMatchObject({ code: 'BAD_REQUEST', argument: 'to' })
    await expectRefusal(db.restore('posts/1', { cursor: 'x' }), 'CURSOR_UNKNOWN')
    await expectRefusal(db.restore('posts//1', { version: 1 }), 'INVALID_PATH')
    await expectRefusal(db.restore('posts/1', { version: 1 }, { scope: 'ALL' as never }), 'BAD_REQUEST')
  })
}
