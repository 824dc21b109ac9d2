import { describe, expect } from 'vitest'
import type { Database } from '../../../src/core/database.ts'
import type { Json } from '../../../src/core/json/json.ts'
import { expectRefusal, law, refusal, type DatabaseSubject } from './subject.ts'

const TAKEN = ['posts/1', 'posts/1/comments', 'posts/1/comments/c']

/** A post with a nested collection that its value does not declare. */
async function withComments(db: Database): Promise<void> {
  await db.put('posts/1', { title: 'a' })
  await db.post('posts/1/comments', { text: 'x' }, { id: 'c' })
}

/** Every way to give `posts/1` a field named `comments` is NAME_TAKEN and changes nothing. */
async function expectNameTaken(db: Database): Promise<void> {
  const before = await db.log(['*'])
  for (const value of ['x', null, {}, [1], 0, false] as const satisfies Json[]) {
    await expectRefusal(db.put('posts/1/comments', value), 'NAME_TAKEN', ...TAKEN)
    await expectRefusal(db.put('posts/1', { title: 'b', comments: value }), 'NAME_TAKEN', ...TAKEN)
    if (value !== null) await expectRefusal(db.patch('posts/1', { merge: { comments: value } }), 'NAME_TAKEN', ...TAKEN)
  }
  expect(['NAME_TAKEN', 'NOT_FOUND']).toContain((await refusal(db.put('posts/1/comments/d/e', 'x'))).code)
  expect(await db.log(['*'])).toEqual(before)
}

export function names(subject: DatabaseSubject): void {
  describe('names of fields and of nested collections', () => {
    fieldsFirst(subject)
    collectionsFirst(subject)
    objects(subject)
    forGood(subject)
  })
}

function fieldsFirst(subject: DatabaseSubject): void {
  law(subject, 'NA1 a field keeps a collection of its name from coming into being', async ({ db }) => {
    const fields = { text: 'x', number: 1, none: null, no: false, object: {}, full: ['a'], emptyText: '' }
    await db.put('posts/1', fields)
    for (const name of Object.keys(fields)) {
      await expectRefusal(db.post(`posts/1/${name}`, {}), 'NAME_TAKEN', 'posts/1', `posts/1/${name}`)
      await expectRefusal(
        db.post(`posts/1/${name}`, {}, { id: 'x' }),
        'NAME_TAKEN',
        'posts/1',
        `posts/1/${name}`,
        `posts/1/${name}/x`,
      )
    }
    expect(await db.get('posts/1')).toEqual(fields)
  })

  law(subject, 'NA2 an empty array declares a collection', async ({ db }) => {
    await db.put('posts/1', { comments: [], likes: [] })
    await db.post('posts/1/comments', { text: 'x' }, { id: 'c' })
    await db.put('posts/1/likes/ann', { at: 1 })
    expect(await db.document('posts/1')).toMatchObject({ version: 1, value: { comments: [], likes: [] } })
    expect(await db.document('posts/1/likes/ann')).toMatchObject({ version: 1, value: { at: 1 } })
  })

  law(subject, 'NA3 where no collection exists, a put below a document writes a field', async ({ db }) => {
    await db.put('posts/1', { meta: {} })
    await db.put('posts/1/meta/likes', 1)
    await db.put('posts/1/other/likes', 2)
    expect(await db.document('posts/1')).toMatchObject({
      version: 3,
      value: { meta: { likes: 1 }, other: { likes: 2 } },
    })
    expect(await db.document('posts/1/meta/likes')).toBeNull()
  })

  law(subject, 'NA4 a deleted field frees its name', async ({ db }) => {
    await db.put('posts/1', { comments: 'none' })
    await db.delete('posts/1/comments')
    await db.post('posts/1/comments', {}, { id: 'c' })
    expect(await db.document('posts/1/comments/c')).toMatchObject({ version: 1 })
  })

  law(subject, 'NA5 only fields at the root of the value meet the names of collections', async ({ db }) => {
    await withComments(db)
    await db.put('posts/1', { meta: { comments: 'x' } })
    await db.put('posts/1/meta/comments', ['y'])
    expect(await db.document('posts/1')).toMatchObject({ version: 3, value: { meta: { comments: ['y'] } } })
  })
}

function collectionsFirst(subject: DatabaseSubject): void {
  law(
    subject,
    'NA6 a nested collection keeps a field of its name from coming into being, other than []',
    async ({ db }) => {
      await withComments(db)
      await expectNameTaken(db)
      await db.put('posts/1', { comments: [] })
      await db.put('posts/1/comments', [])
      await db.patch('posts/1', { merge: { comments: [] } })
      await db.patch('posts/1', { merge: { comments: null } })
      expect(await db.document('posts/1')).toMatchObject({ version: 5, value: {} })
      expect(await db.document('posts/1/comments/c')).toMatchObject({ version: 1 })
    },
  )

  law(subject, 'NA7 writing a whole parent leaves its nested documents alone', async ({ db }) => {
    await withComments(db)
    for (const value of [{ title: 'b' }, { comments: [] }, {}]) await db.put('posts/1', value)
    expect(await db.document('posts/1/comments/c')).toMatchObject({ version: 1, value: { text: 'x' } })
    expect(await db.get('posts/1/comments')).toMatchObject([{ id: 'c', value: { text: 'x' } }])
  })
}

function objects(subject: DatabaseSubject): void {
  law(subject, 'NA8 the value of a document with nested collections must be an object', async ({ db }) => {
    await withComments(db)
    for (const write of [() => db.put('posts/1', 'x'), () => db.patch('posts/1', { merge: 'x' })]) {
      await expectRefusal(write(), 'NAME_TAKEN', 'posts/1')
      await expect(write()).rejects.toThrow('The value of posts/1 must be an object: posts/1 has nested collections.')
    }
  })
}

function forGood(subject: DatabaseSubject): void {
  law(subject, "NA9 the name stays the collection's after its last document was deleted", async ({ db }) => {
    await withComments(db)
    await db.delete('posts/1/comments/c')
    await expectNameTaken(db)
  })

  law(subject, "NA10 the name stays the collection's after the collection was deleted", async ({ db }) => {
    await withComments(db)
    await db.delete('posts/1/comments')
    await expectNameTaken(db)
    await db.put('posts/1/comments/d', { text: 'y' })
    expect(await db.document('posts/1/comments/d')).toMatchObject({ version: 1 })
  })

  law(subject, "NA11 the name stays the collection's after its parent was deleted and came back", async ({ db }) => {
    await withComments(db)
    await db.delete('posts/1')
    await expectRefusal(db.put('posts/1', { comments: 'x' }), 'NAME_TAKEN', ...TAKEN)
    await expectRefusal(db.post('posts', { comments: 'x' }, { id: '1' }), 'NAME_TAKEN', ...TAKEN)
    await db.post('posts', { title: 'b' }, { id: '1' })
    await expectNameTaken(db)
  })

  law(subject, "NA12 the name stays the collection's as long as anything below it has a version", async ({ db }) => {
    await withComments(db)
    await db.post('posts/1/comments/c/replies', {}, { id: 'r' })
    await db.delete('posts/1/comments/c')
    await expectNameTaken(db)
    await expectRefusal(
      db.put('posts/1/comments/c', { replies: 1 }),
      'NAME_TAKEN',
      'posts/1/comments/c',
      'posts/1/comments/c/replies',
    )
  })

  law(subject, 'NA13 names exclude each other inside a transaction, in either order', async ({ db }) => {
    await db.put('posts/1', {})
    const post = { kind: 'post', path: 'posts/1/comments', value: {}, id: 'c' } as const
    const put = { kind: 'put', path: 'posts/1/comments', value: 'x' } as const
    await expectRefusal(db.transact([post, put]), 'NAME_TAKEN', ...TAKEN)
    await expectRefusal(db.transact([put, post]), 'NAME_TAKEN', ...TAKEN)
    expect(await db.document('posts/1')).toMatchObject({ version: 1, value: {} })
  })

  law(subject, 'NA14 a document that was created and deleted in one commit takes no name', async ({ db }) => {
    await db.put('posts/1', {})
    await db.transact([
      { kind: 'post', path: 'posts/1/comments', value: {}, id: 'c' },
      { kind: 'delete', path: 'posts/1/comments/c' },
    ])
    await db.put('posts/1/comments', 'x')
    expect(await db.document('posts/1')).toMatchObject({ version: 2, value: { comments: 'x' } })
  })

  law(
    subject,
    'NA15 of a field and a nested document that are written at once, exactly one comes into being',
    async ({ db }) => {
      for (let round = 0; round < 20; round++) {
        const post = `posts/${round}`
        await db.put(post, {})
        const outcomes = await Promise.allSettled([
          db.put(`${post}/x`, 'field'),
          db.post(`${post}/x`, 'document', { id: 'y' }),
        ])
        expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
        const fields = Number((await db.document(post))?.version === 2)
        expect(fields + Number((await db.document(`${post}/x/y`)) !== null)).toBe(1)
      }
    },
  )
}
