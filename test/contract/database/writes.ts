import { describe, expect } from 'vitest'
import type { Json } from '../../../src/core/json/json.ts'
import { expectRefusal, law, START, summary, timestamp, type DatabaseSubject } from './subject.ts'

const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/

/** The examples of RFC 7396, appendix A: original, patch, result. */
const MERGES: readonly (readonly [Json, Json, Json])[] = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [
    ['a', 'b'],
    ['c', 'd'],
    ['c', 'd'],
  ],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ a: 'foo' }, 'bar', 'bar'],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
]

export function writes(subject: DatabaseSubject): void {
  describe('post', () => posts(subject))
  describe('put', () => puts(subject))
  describe('patch', () => patches(subject))
  describe('versions and commits', () => versions(subject))
}

function posts(subject: DatabaseSubject): void {
  law(subject, 'WR1 a post gets a fresh ULID, and the order of ids is the order of posts', async ({ db, clock }) => {
    const ids: string[] = []
    for (let i = 0; i < 50; i++) {
      clock.time += i % 10 === 0 ? 1 : 0
      const { changes } = await db.post('posts', { i })
      ids.push(changes[0]?.document.id ?? '')
    }
    expect(ids.filter((id) => !ULID.test(id))).toEqual([])
    expect(new Set(ids).size).toBe(50)
    expect(ids).toEqual(ids.toSorted())
    expect((await db.documents('posts')).edges.map(({ node }) => node.value)).toEqual(ids.map((_, i) => ({ i })))
  })

  law(subject, 'WR2 a post takes the id of its caller, and EXISTS when it is there', async ({ db }) => {
    expect(summary(await db.post('posts', { n: 1 }, { id: 'a' }))).toEqual(['NEW posts/a@1'])
    await expectRefusal(db.post('posts', { n: 2 }, { id: 'a' }), 'EXISTS', 'posts/a')
    expect(await db.document('posts/a')).toMatchObject({ version: 1, value: { n: 1 } })
  })

  law(subject, 'WR3 a post into a nested collection takes a living parent', async ({ db }) => {
    const asked = ['posts/1', 'posts/1/comments']
    await expectRefusal(db.post('posts/1/comments', {}), 'NOT_FOUND', ...asked)
    await db.put('posts/1', {})
    expect(summary(await db.post('posts/1/comments', {}, { id: 'c' }))).toEqual(['NEW posts/1/comments/c@1'])
    await expectRefusal(
      db.post('posts/1/comments/x/replies', {}),
      'NOT_FOUND',
      'posts/1/comments/x',
      'posts/1/comments/x/replies',
    )
    await db.post('posts/1/comments/c/replies', { deep: true }, { id: 'r' })
    expect(await db.get('posts/1/comments/c/replies/r/deep')).toBe(true)
    await db.delete('posts/1')
    await expectRefusal(db.post('posts/1/comments', {}), 'NOT_FOUND', ...asked)
  })

  law(subject, 'WR4 of many posts with one id, one comes into being and the others are EXISTS', async ({ db }) => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 30 }, (_, i) => db.post('posts', { i }, { id: 'a' })),
    )
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []))
    expect(refused).toHaveLength(29)
    expect(refused.every((reason) => (reason as { code?: string }).code === 'EXISTS')).toBe(true)
    expect(await db.document('posts/a')).toMatchObject({ version: 1 })
  })
}

function puts(subject: DatabaseSubject): void {
  law(subject, 'WR5 a put replaces a whole document', async ({ db }) => {
    await db.put('posts/1', { a: 1, b: 2 })
    await db.put('posts/1', { c: 3 })
    expect(await db.document('posts/1')).toMatchObject({ version: 2, value: { c: 3 } })
  })

  law(subject, 'WR6 a put creates a document at the top level, in whatever collection', async ({ db }) => {
    expect(summary(await db.put('brand-new/1', 1))).toEqual(['NEW brand-new/1@1'])
  })

  law(
    subject,
    'WR7 a put creates a nested document where its collection has or had one, or is declared',
    async ({ db }) => {
      await db.put('posts/1', { declared: [] })
      expect(summary(await db.put('posts/1/declared/a', 1))).toEqual(['NEW posts/1/declared/a@1'])
      await db.post('posts/1/held', {}, { id: 'x' })
      expect(summary(await db.put('posts/1/held/a', 1))).toEqual(['NEW posts/1/held/a@1'])
      await db.delete('posts/1/held')
      expect(summary(await db.put('posts/1/held/b', 1))).toEqual(['NEW posts/1/held/b@1'])
    },
  )

  law(subject, 'WR8 a put below what is not there is NOT_FOUND', async ({ db }) => {
    await expectRefusal(db.put('posts/1/title', 'a'), 'NOT_FOUND', 'posts/1', 'posts/1/title')
    await expectRefusal(
      db.put('posts/1/comments/c', 'a'),
      'NOT_FOUND',
      'posts/1',
      'posts/1/comments',
      'posts/1/comments/c',
    )
    await expect(db.put('posts/1/comments/c', 'a')).rejects.toThrow(
      'posts/1 does not exist, so nothing can be put inside it: put posts/1 first.',
    )
    await db.put('posts/1', { comments: [] })
    await db.put('posts/1/comments/c', {})
    await db.delete('posts/1')
    await expectRefusal(db.put('posts/1/title', 'a'), 'NOT_FOUND', 'posts/1', 'posts/1/title')
    await expectRefusal(
      db.put('posts/1/comments/c', 'a'),
      'NOT_FOUND',
      'posts/1',
      'posts/1/comments',
      'posts/1/comments/c',
    )
  })

  law(subject, 'WR9 a put of a field makes the missing parents inside the value', async ({ db }) => {
    await db.put('posts/1', { a: 1 })
    await db.put('posts/1/meta/by/name', 'ann')
    await db.put('posts/1/a', 2)
    expect(await db.get('posts/1')).toEqual({ a: 2, meta: { by: { name: 'ann' } } })
  })

  law(subject, 'WR10 a put through what is no object, or beyond the end of an array, is refused', async ({ db }) => {
    const value = { text: 'a', none: null, list: [1] }
    await db.put('posts/1', value)
    for (const path of ['text/x', 'none/x', 'list/3', 'list/x', 'list/-1', 'list/01', 'list/0/x']) {
      await expect(db.put(`posts/1/${path}`, 1)).rejects.toMatchObject({ name: 'DatabaseError', code: 'NOT_FOUND' })
    }
    expect(await db.document('posts/1')).toMatchObject({ version: 1, value })
    await db.put('posts/1/list/1', 2)
    expect(await db.get('posts/1/list')).toEqual([1, 2])
  })
}

function patches(subject: DatabaseSubject): void {
  law(subject, 'WR11 a merge does what RFC 7396 says, to a document and to a field', async ({ db }) => {
    for (const [original, merge, result] of MERGES) {
      await db.put('posts/1', original)
      await db.patch('posts/1', { merge })
      expect((await db.document('posts/1'))?.value).toEqual(result)
      await db.put('posts/2', { field: original, other: 1 })
      await db.patch('posts/2/field', { merge })
      expect((await db.document('posts/2'))?.value).toEqual({ field: result, other: 1 })
    }
  })

  law(subject, 'WR12 a patch of nothing is NOT_FOUND', async ({ db }) => {
    await expectRefusal(db.patch('posts/1', { merge: { a: 1 } }), 'NOT_FOUND', 'posts/1')
    await expect(db.patch('posts/1/meta/by', { merge: { a: 1 } })).rejects.toThrow(
      'posts/1 does not exist; put or post makes it.',
    )
    await db.put('posts/1', { a: 1, comments: [] })
    await expectRefusal(db.patch('posts/1/missing', { merge: { a: 1 } }), 'NOT_FOUND', 'posts/1', 'posts/1/missing')
    await expectRefusal(
      db.patch('posts/1/comments/c', { merge: { a: 1 } }),
      'NOT_FOUND',
      'posts/1',
      'posts/1/comments/c',
    )
    await db.delete('posts/1')
    await expectRefusal(db.patch('posts/1', { merge: { a: 1 } }), 'NOT_FOUND', 'posts/1')
  })
}

function versions(subject: DatabaseSubject): void {
  law(
    subject,
    'WR13 each write of a document makes the next version, a delete too, and one that comes back goes on counting',
    async ({ db }) => {
      const told: string[] = []
      told.push(...summary(await db.post('posts', {}, { id: '1' })))
      told.push(...summary(await db.put('posts/1/title', 'a')))
      told.push(...summary(await db.patch('posts/1', { merge: { title: 'b' } })))
      told.push(...summary(await db.delete('posts/1')))
      told.push(...summary(await db.post('posts', { title: 'c' }, { id: '1' })))
      told.push(...summary(await db.delete('posts/1')))
      told.push(...summary(await db.put('posts/1', { title: 'd' })))
      const types = ['NEW', 'UPDATE', 'UPDATE', 'DELETE', 'NEW', 'DELETE', 'NEW']
      expect(told).toEqual(types.map((type, i) => `${type} posts/1@${i + 1}`))
    },
  )

  law(subject, 'WR14 put and patch make a version also when nothing changes', async ({ db }) => {
    await db.put('posts/1', { a: 1 })
    await db.put('posts/1', { a: 1 })
    await db.put('posts/1/a', 1)
    await db.patch('posts/1', { merge: {} })
    await db.patch('posts/1', { merge: { a: 1 } })
    expect(await db.document('posts/1')).toMatchObject({ version: 5, value: { a: 1 } })
  })

  law(subject, 'WR15 a commit tells its id, place, time, actor and changes', async ({ db, clock }) => {
    clock.time = START + 5
    const commit = await db.put('posts/1', { title: 'a' })
    const at = timestamp(START + 5)
    expect(commit.id).toMatch(ULID)
    const { id, cursor, actor } = commit
    const document = {
      path: 'posts/1',
      id: '1',
      version: 1,
      value: { title: 'a' },
      deleted: false,
      createdAt: at,
      updatedAt: at,
      actor,
      cursor,
      asOf: cursor,
    }
    expect(commit).toEqual({
      id,
      cursor,
      at,
      actor,
      repeated: false,
      changes: [
        { type: 'NEW', reason: 'WRITE', before: null, path: 'posts/1', document, fields: [], commit: id, cursor, at },
      ],
    })
  })

  law(subject, 'WR16 a document tells when it came into being and when it was written last', async ({ db, clock }) => {
    await db.put('posts/1', { title: 'a' })
    clock.time = START + 1_000
    const { cursor } = await db.put('posts/1/title', 'b')
    const document = await db.document('posts/1')
    expect(document).toMatchObject({
      createdAt: timestamp(START),
      updatedAt: timestamp(START + 1_000),
      version: 2,
      cursor,
    })
  })

  law(
    subject,
    'WR17 a change names the fields that were written, and none when the whole value was',
    async ({ db }) => {
      const fieldsOf = async (write: ReturnType<typeof db.put>): Promise<readonly string[]> =>
        (await write).changes.flatMap(({ fields }) => fields).toSorted()
      expect(await fieldsOf(db.put('posts/1', { a: 1, author: { name: 'ann' } }))).toEqual([])
      expect(await fieldsOf(db.put('posts/1/author/name', 'bob'))).toEqual(['author/name'])
      expect(await fieldsOf(db.put('posts/1/tags', ['x']))).toEqual(['tags'])
      expect(await fieldsOf(db.put('posts/1/tags/0', 'y'))).toEqual(['tags/0'])
      expect(await fieldsOf(db.patch('posts/1', { merge: { a: 2, author: { name: 'eve' } } }))).toEqual([
        'a',
        'author/name',
      ])
      expect(await fieldsOf(db.patch('posts/1/author', { merge: { name: 'ann', age: 7 } }))).toEqual([
        'author/age',
        'author/name',
      ])
      expect(await fieldsOf(db.delete('posts/1/a'))).toEqual(['a'])
      expect(
        await fieldsOf(
          db.transact([
            { kind: 'put', path: 'posts/1/b', value: 1 },
            { kind: 'put', path: 'posts/1/c', value: 2 },
          ]),
        ),
      ).toEqual(['b', 'c'])
      expect(await fieldsOf(db.put('posts/1', {}))).toEqual([])
    },
  )

  law(subject, 'WR18 time never runs backwards along the log, although the clock does', async ({ db, clock }) => {
    const times: string[] = []
    for (const step of [0, 5_000, -9_000, 1, -1, 3_000, 20_000]) {
      clock.time += step
      times.push((await db.put('posts/1', step)).at)
    }
    expect(times).toEqual(times.toSorted())
    expect(times.at(-1)).toBe(timestamp(clock.time))
  })

  law(
    subject,
    'WR19 every write gives the cursor at which a read finds it, and what came later not',
    async ({ db }) => {
      const cursors: string[] = []
      for (let i = 0; i < 10; i++) cursors.push((await db.put('posts/1', i)).cursor)
      expect(new Set(cursors).size).toBe(10)
      for (const [i, cursor] of cursors.entries()) expect(await db.get('posts/1', { asOf: { cursor } })).toBe(i)
    },
  )
}
