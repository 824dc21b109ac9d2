import { describe, expect } from 'vitest'
import type { Op } from '../../../src/core/database.ts'
import { plantForest } from './deletes.ts'
import { law, refusal, START, timestamp, type DatabaseSubject } from './subject.ts'

const ts = timestamp(START)
const REPLY = { id: 'r1', ts, value: { text: 'z' } }
const C1 = { id: 'c1', ts, value: { text: 'x', replies: [REPLY] } }
const C2 = { id: 'c2', ts, value: { text: 'y' } }

export function gets(subject: DatabaseSubject): void {
  describe('get', () => {
    trees(subject)
    depths(subject)
    absences(subject)
    bounds(subject)
  })
  describe('document', () => stored(subject))
}

function trees(subject: DatabaseSubject): void {
  law(
    subject,
    'GE1 a collection gives id, ts and value of its documents in the order of ids, with everything below',
    async ({ db }) => {
      await plantForest(db)
      expect(await db.get('posts')).toEqual([
        { id: '1', ts, value: { title: 'a', comments: [C1, C2] } },
        { id: '2', ts, value: { title: 'b' } },
      ])
      expect(await db.get('posts/1')).toEqual({ title: 'a', comments: [C1, C2] })
      expect(await db.get('posts/1/comments')).toEqual([C1, C2])
      expect(await db.get('posts/1/comments/c1')).toEqual(C1.value)
      expect(await db.get('posts/1/comments/c1/replies/r1/text')).toBe('z')
      expect(await db.get('posts/1/title')).toBe('a')
    },
  )

  law(subject, "GE2 ts is the time of a document's own latest version", async ({ db, clock }) => {
    await plantForest(db)
    clock.time += 1_500
    await db.put('posts/1/comments/c1', { text: 'new' })
    expect(await db.get('posts', { depth: 1 })).toMatchObject([
      {
        id: '1',
        ts,
        value: {
          comments: [
            { id: 'c1', ts: timestamp(START + 1_500) },
            { id: 'c2', ts },
          ],
        },
      },
      { id: '2', ts },
    ])
  })

  law(
    subject,
    'GE3 an empty declared collection shows as an empty list, an empty undeclared one not at all',
    async ({ db }) => {
      await db.put('posts/1', { declared: [] })
      await db.post('posts/1/held', {}, { id: 'x' })
      expect(await db.get('posts/1')).toEqual({ declared: [], held: [{ id: 'x', ts, value: {} }] })
      await db.delete('posts/1/held/x')
      expect(await db.get('posts/1')).toEqual({ declared: [] })
      expect(await db.get('posts/1/held')).toEqual([])
      expect(await db.get('posts/1/declared')).toEqual([])
    },
  )

  law(subject, 'GE4 an empty array inside a deeper field is data', async ({ db }) => {
    await db.put('posts/1', { meta: { list: [] }, comments: [] })
    await db.post('posts/1/comments', [], { id: 'c' })
    expect(await db.get('posts/1')).toEqual({ meta: { list: [] }, comments: [{ id: 'c', ts, value: [] }] })
  })
}

function depths(subject: DatabaseSubject): void {
  law(
    subject,
    'GE5 depth bounds the levels of nested collections, and 0 gives the bare stored value',
    async ({ db }) => {
      await plantForest(db)
      const shallow = [{ id: 'c1', ts, value: { text: 'x' } }, C2]
      expect(await db.get('posts/1', { depth: 0 })).toEqual({ title: 'a', comments: [] })
      expect(await db.get('posts/1', { depth: 1 })).toEqual({ title: 'a', comments: shallow })
      expect(await db.get('posts/1', { depth: 2 })).toEqual({ title: 'a', comments: [C1, C2] })
      expect(await db.get('posts/1', { depth: 30 })).toEqual({ title: 'a', comments: [C1, C2] })
      expect(await db.get('posts', { depth: 0 })).toEqual([
        { id: '1', ts, value: { title: 'a', comments: [] } },
        { id: '2', ts, value: { title: 'b' } },
      ])
      expect(await db.get('posts', { depth: 1 })).toEqual([
        { id: '1', ts, value: { title: 'a', comments: shallow } },
        { id: '2', ts, value: { title: 'b' } },
      ])
    },
  )

  law(subject, 'GE6 a depth that is no whole number from 0 is BAD_REQUEST', async ({ db }) => {
    for (const depth of [-1, 0.5, Number.NaN]) {
      expect(await refusal(db.get('posts', { depth }))).toEqual({ code: 'BAD_REQUEST', argument: 'depth' })
    }
  })
}

function absences(subject: DatabaseSubject): void {
  law(subject, 'GE7 looking for what is not there is no error', async ({ db }) => {
    expect(await db.get('posts')).toEqual([])
    expect(await db.get('posts/1')).toBeNull()
    expect(await db.get('posts/1/title')).toBeNull()
    expect(await db.get('posts/1/comments/c')).toBeNull()
    expect(await db.document('posts/1')).toBeNull()
    expect((await db.documents('posts')).edges).toEqual([])
    expect((await db.documents('posts/1/comments')).edges).toEqual([])
    expect((await db.history('posts/1')).edges).toEqual([])
    expect((await db.history('posts')).edges).toEqual([])
    await db.put('posts/1', { title: 'a' })
    expect(await db.get('posts/1/other')).toBeNull()
    expect(await db.get('posts/1/other/c')).toBeNull()
    expect((await db.documents('posts/1/title')).edges).toEqual([])
  })

  law(subject, 'GE8 a deleted document is not there, nor is what lay below it', async ({ db }) => {
    await plantForest(db)
    await db.delete('posts/1')
    for (const path of ['posts/1', 'posts/1/title', 'posts/1/comments/c1', 'posts/1/comments/c1/replies/r1/text']) {
      expect(await db.get(path)).toBeNull()
    }
    expect(await db.get('posts')).toEqual([{ id: '2', ts, value: { title: 'b' } }])
  })
}

function bounds(subject: DatabaseSubject): void {
  law(
    subject,
    'GE9 a get gives all or TOO_LARGE: documents',
    async ({ db }) => {
      const post = (i: number): Op => ({ kind: 'post', path: 'posts/1/comments', value: i, id: `c${i}` })
      await db.put('posts/1', {})
      await db.transact([0, 1, 2].map(post))
      expect(await db.get('posts/1/comments')).toHaveLength(3)
      await db.transact([3].map(post))
      expect(await db.get('posts/1/comments')).toHaveLength(4)
      await db.transact([4].map(post))
      const tooLarge = { code: 'TOO_LARGE', limit: 'documents', max: 4 }
      expect(await refusal(db.get('posts/1/comments'))).toEqual(tooLarge)
      expect(await refusal(db.get('posts'))).toEqual(tooLarge)
      expect(await refusal(db.get('posts/1'))).toEqual(tooLarge)
      expect(await db.get('posts', { depth: 0 })).toHaveLength(1)
      expect(await db.get('posts/1/comments/c4')).toBe(4)
      expect((await db.documents('posts/1/comments')).edges).toHaveLength(5)
    },
    { documents: 4 },
  )

  law(
    subject,
    'GE10 a get gives all or TOO_LARGE: bytes',
    async ({ db }) => {
      await db.put('posts/1', 'x'.repeat(400))
      await db.put('posts/2', 'x'.repeat(400))
      expect(await db.get('posts')).toHaveLength(2)
      await db.put('posts/3', 'x'.repeat(400))
      expect(await refusal(db.get('posts'))).toEqual({ code: 'TOO_LARGE', limit: 'pageBytes', max: 1_000 })
    },
    { pageBytes: 1_000 },
  )
}

function stored(subject: DatabaseSubject): void {
  law(subject, 'GE11 a document gives the stored value alone', async ({ db }) => {
    await plantForest(db)
    const { cursor } = await db.put('posts/2', { title: 'c', comments: [] })
    expect(await db.document('posts/1')).toMatchObject({
      path: 'posts/1',
      id: '1',
      version: 1,
      value: { title: 'a', comments: [] },
      deleted: false,
    })
    expect(await db.document('posts/2')).toEqual({
      path: 'posts/2',
      id: '2',
      version: 2,
      value: { title: 'c', comments: [] },
      deleted: false,
      createdAt: ts,
      updatedAt: ts,
      actor: null,
      cursor,
      asOf: cursor,
    })
  })

  law(subject, 'GE12 a document is null when absent, when deleted, and for the path of a field', async ({ db }) => {
    await db.put('posts/1', { title: 'a', meta: { by: { name: 'ann' } } })
    await db.put('posts/2', {})
    await db.delete('posts/2')
    for (const path of [
      'posts/2',
      'posts/3',
      'posts/1/title',
      'posts/1/meta/by',
      'posts/1/meta/by/name',
      'posts/1/meta/other',
    ]) {
      expect(await db.document(path)).toBeNull()
    }
  })

  law(
    subject,
    'GE13 a deleted document is given where deletes are asked for, as of any moment after it',
    async ({ db }) => {
      await db.put('posts/1', 'one')
      const {
        changes: [deleted],
      } = await db.delete('posts/1')
      const { cursor } = await db.put('posts/2', 'later')
      const tombstone = { ...deleted?.document, version: 2, value: null, deleted: true }
      expect(await db.document('posts/1', { asOf: { version: 2 }, deleted: true })).toEqual(tombstone)
      expect(await db.document('posts/1', { deleted: true })).toEqual({ ...tombstone, asOf: cursor })
      expect(await db.document('posts/1', { asOf: { version: 1 }, deleted: true })).toMatchObject({
        version: 1,
        value: 'one',
        deleted: false,
      })
      expect(await db.document('posts/1', { asOf: { version: 2 } })).toBeNull()
      expect(await db.document('posts/3', { deleted: true })).toBeNull()
    },
  )

  law(
    subject,
    'GE14 a document tells the moment at which it was read, and reading as of it is repeatable',
    async ({ db }) => {
      await db.put('posts/1', { comments: [] })
      await db.post('posts/1/comments', 'x', { id: 'c' })
      const read = await db.document('posts/1')
      await db.post('posts/1/comments', 'y', { id: 'd' })
      expect(read?.asOf).not.toBe(read?.cursor)
      const nested = await db.documents('posts/1/comments', { asOf: { cursor: read?.asOf ?? '' } })
      expect(nested.edges.map(({ node }) => node.id)).toEqual(['c'])
    },
  )
}
