import { describe, expect, test } from 'vitest'
import type { Database } from '../../../src/core/database.ts'
import { expectRefusal, law, refusal, withDatabase, type DatabaseSubject } from './subject.ts'

/** Each is refused as a path, as a part of one, and in whatever operation it comes. */
const FORBIDDEN: readonly (readonly [what: string, path: string])[] = [
  ['nothing', ''],
  ['a leading slash', '/posts'],
  ['a trailing slash', 'posts/'],
  ['an empty segment', 'posts//1'],
  ['a dot', 'posts/.'],
  ['two dots', 'posts/../secrets'],
  ['U+0000', 'posts/a\u0000b'],
  ['a line feed', 'posts/a\nb'],
  ['U+007F', 'posts/a\u007fb'],
  ['a control character of C1', 'posts/a\u0085b'],
  ['a high surrogate alone', 'posts/a\ud83d'],
  ['a low surrogate alone', 'posts/\ude00a'],
  ['a zero-width space', 'posts/a\u200bb'],
  ['a byte order mark', 'posts/\ufeffa'],
  ['a change of direction', 'posts/a\u202eb'],
  ['a soft hyphen', 'posts/a\u00adb'],
  ['a no-break space', 'posts/a\u00a0b'],
  ['an ideographic space', 'posts/a\u3000b'],
  ['a line separator', 'posts/a\u2028b'],
  ['a paragraph separator', 'posts/a\u2029b'],
  ['a space at the front of a segment', 'posts/ a'],
  ['a space at the end of a segment', 'posts/a '],
  ['a leading dollar sign', 'posts/$inc'],
  ['__proto__', 'posts/__proto__'],
  ['prototype', 'posts/1/prototype'],
  ['constructor', 'constructor/1'],
  ['a collection of the system', '_users/1'],
  ['text that is not in normal form C', 'posts/e\u0301'],
]

/** Whatever takes a path, given one. */
const OPERATIONS: Readonly<Record<string, (db: Database, path: string) => Promise<unknown>>> = {
  post: (db, path) => db.post(path, {}),
  put: (db, path) => db.put(path, {}),
  patch: (db, path) => db.patch(path, { merge: {} }),
  delete: (db, path) => db.delete(path),
  'transact (operation)': (db, path) => db.transact([{ kind: 'put', path, value: 1 }]),
  'transact (check)': (db, path) =>
    db.transact([{ kind: 'put', path: 'a/1', value: 1 }], { checks: [{ path, expect: { exists: true } }] }),
  get: (db, path) => db.get(path),
  document: (db, path) => db.document(path),
  documents: (db, path) => db.documents(path),
  history: (db, path) => db.history(path),
  log: (db, path) => db.log([path]),
  changes: async (db, path) => db.changes([path]).next(),
}

export function paths(subject: DatabaseSubject): void {
  describe('paths', () => {
    describe.each(FORBIDDEN)('%s is refused', (_, path) => {
      test('by every operation, with INVALID_PATH and the path', () =>
        withDatabase(subject, async ({ db }) => {
          for (const [name, operation] of Object.entries(OPERATIONS)) {
            expect([name, await refusal(operation(db, path))]).toEqual([name, { code: 'INVALID_PATH', path }])
          }
          expect((await db.log(['*'])).changes).toEqual([])
        }))
    })
    allowedSegments(subject)
    kindsOfPaths(subject)
    meaning(subject)
  })
}

function allowedSegments(subject: DatabaseSubject): void {
  law(
    subject,
    'PA1 a space inside a segment, other scripts, punctuation and later underscores are allowed',
    async ({ db }) => {
      const ids = [
        'a b',
        'é',
        '日本',
        '😀',
        'a.b',
        '...',
        'a$',
        '_hidden',
        'a~b',
        "it's",
        '{}',
        'toString',
        '0',
        '-1',
        'hasOwnProperty',
        '%2F',
      ]
      for (const id of ids) {
        await db.put(`my notes/${id}`, { id })
        expect(await db.get(`my notes/${id}/id`)).toBe(id)
      }
      await db.post('my notes/é/_private', { deep: true }, { id: 'x' })
      expect(await db.get('my notes/é/_private/x/deep')).toBe(true)
    },
  )

  law(subject, 'PA2 an id that is not one allowed segment is refused', async ({ db }) => {
    for (const id of ['', '.', '..', 'a/b', '$a', '__proto__', ' a', 'a\u0000']) {
      expect((await refusal(db.post('posts', {}, { id }))).code).toBe('INVALID_PATH')
    }
    expect(await db.get('posts')).toEqual([])
  })

  law(subject, 'PA3 matching is by segment, never by a prefix of the text', async ({ db }) => {
    await db.put('posts/1', { n: 1 })
    await db.put('posts2/1', { n: 2 })
    await db.put('posts/10', { n: 10 })
    expect((await db.documents('posts')).edges.map(({ node }) => node.path)).toEqual(['posts/1', 'posts/10'])
    expect((await db.log(['posts/1'])).changes.map(({ path }) => path)).toEqual(['posts/1'])
    expect((await db.history('posts')).edges.map(({ node }) => node.path)).toEqual(['posts/1', 'posts/10'])
    await db.delete('posts/1')
    expect(await db.get('posts/10/n')).toBe(10)
    await db.delete('posts')
    expect(await db.get('posts2/1/n')).toBe(2)
  })
}

function kindsOfPaths(subject: DatabaseSubject): void {
  law(subject, 'PA4 a path of the wrong kind for the operation is INVALID_PATH', async ({ db }) => {
    await db.put('posts/1', { title: 'a' })
    await expectRefusal(db.post('posts/1', {}), 'INVALID_PATH', 'posts/1')
    await expectRefusal(db.put('posts', {}), 'INVALID_PATH', 'posts')
    await expectRefusal(db.patch('posts', { merge: {} }), 'INVALID_PATH', 'posts')
    await expectRefusal(db.documents('posts/1'), 'INVALID_PATH', 'posts/1')
  })
}

function meaning(subject: DatabaseSubject): void {
  law(subject, 'PA5 what is left over after the document is a field path into its value', async ({ db }) => {
    await db.put('posts/1', { meta: { likes: 3, by: { name: 'ann' } }, nothing: null })
    expect(await db.get('posts/1/meta/likes')).toBe(3)
    expect(await db.get('posts/1/meta')).toEqual({ likes: 3, by: { name: 'ann' } })
    expect(await db.get('posts/1/meta/by/name')).toBe('ann')
    expect(await db.get('posts/1/nothing')).toBeNull()
    expect(await db.get('posts/1/meta/likes/deeper')).toBeNull()
    expect(await db.get('posts/1/toString')).toBeNull()
  })

  law(subject, 'PA6 numbers index arrays', async ({ db }) => {
    await db.put('posts/1', { tags: ['a', 'b'], authors: [{ name: 'ann' }, { name: 'bob' }] })
    expect(await db.get('posts/1/tags/1')).toBe('b')
    expect(await db.get('posts/1/authors/1/name')).toBe('bob')
    expect(await db.get('posts/1/tags/2')).toBeNull()
    expect(await db.get('posts/1/tags/length')).toBeNull()
    await db.put('posts/1/authors/0/name', 'eve')
    await db.put('posts/1/tags/0', 'z')
    expect(await db.get('posts/1')).toEqual({ tags: ['z', 'b'], authors: [{ name: 'eve' }, { name: 'bob' }] })
  })

  law(subject, 'PA7 a path means the deepest document that has a version', async ({ db }) => {
    await db.put('posts/1', { meta: [] })
    await db.put('posts/1/meta/likes', { count: 1 })
    await db.put('posts/1/meta/likes/count', 2)
    expect(await db.document('posts/1')).toMatchObject({ version: 1, value: { meta: [] } })
    expect(await db.document('posts/1/meta/likes')).toMatchObject({ version: 2, value: { count: 2 } })
    expect(await db.get('posts/1/meta/likes/count')).toBe(2)
  })

  law(subject, 'PA8 the path of a deleted nested document still names it', async ({ db }) => {
    await db.put('posts/1', { comments: [] })
    await db.put('posts/1/comments/c', { text: 'a' })
    await db.delete('posts/1/comments/c')
    expect(await db.document('posts/1/comments/c')).toBeNull()
    expect(await db.get('posts/1/comments/c')).toBeNull()
    expect((await db.history('posts/1/comments/c')).edges.map(({ node }) => node.version)).toEqual([1, 2])
    expect(await db.get('posts/1/comments/c/text', { asOf: { version: 1 } })).toBe('a')
    await db.put('posts/1/comments/c', { text: 'b' })
    expect(await db.document('posts/1/comments/c')).toMatchObject({ version: 3, value: { text: 'b' } })
    expect(await db.document('posts/1')).toMatchObject({ version: 1, value: { comments: [] } })
  })

  law(
    subject,
    'PA9 the path of a deleted nested document is never a field of its parent, declared or not',
    async ({ db }) => {
      await db.put('posts/1', { title: 'a' })
      await db.post('posts/1/comments', { text: 'a' }, { id: 'c' })
      await db.delete('posts/1/comments/c')
      await expectRefusal(
        db.put('posts/1/comments/c/text', 'b'),
        'NOT_FOUND',
        'posts/1/comments/c',
        'posts/1/comments/c/text',
      )
      await expectRefusal(db.patch('posts/1/comments/c', { merge: { text: 'b' } }), 'NOT_FOUND', 'posts/1/comments/c')
      await db.put('posts/1/comments/c', { text: 'c' })
      expect(await db.document('posts/1')).toMatchObject({ version: 1, value: { title: 'a' } })
    },
  )
}
