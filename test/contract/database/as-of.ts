import fc from 'fast-check'
import { describe, expect } from 'vitest'
import type { Database } from '../../../src/core/database.ts'
import type { AsOf } from '../../../src/core/database/options.ts'
import { expectRefusal, law, refusal, START, timestamp, withDatabase, type DatabaseSubject } from './subject.ts'

const PATHS = [
  'a',
  'a/1',
  'a/1/n',
  'a/1/n/x',
  'a/2',
  'a/1/b',
  'a/1/b/1',
  'a/1/b/1/n',
  'a/1/b/1/c/1',
  'a/2/b/1',
  'other/1',
]

/** Writes of every kind at few places, so that they often meet; some are refused. */
const WRITES: readonly ((db: Database) => Promise<unknown>)[] = [
  (db) => db.put('a/1', { n: { x: 1 }, b: [] }),
  (db) => db.put('a/1', { n: { x: 2 } }),
  (db) => db.put('a/1/n/x', 3),
  (db) => db.patch('a/1', { merge: { n: { x: 4 }, b: null } }),
  (db) => db.delete('a/1/n'),
  (db) => db.post('a/1/b', { n: 5 }, { id: '1' }),
  (db) => db.put('a/1/b/1', { n: 6, c: [] }),
  (db) => db.put('a/1/b', { 1: { n: 7 } }),
  (db) => db.post('a/1/b/1/c', 8, { id: '1' }),
  (db) => db.put('a/2', 9),
  (db) => db.post('a/2/b', 10, { id: '1' }),
  (db) =>
    db.transact([
      { kind: 'put', path: 'a/2', value: 11 },
      { kind: 'put', path: 'a/1', value: { n: 12 } },
    ]),
  (db) => db.delete('a/1/b/1'),
  (db) => db.delete('a/1/b'),
  (db) => db.delete('a/1'),
  (db) => db.delete('a/2'),
  (db) => db.delete('a'),
]

/** Everything that reads tell, without the moment at which they were made. */
async function look(db: Database, asOf?: AsOf): Promise<unknown> {
  const documents = await Promise.all(
    PATHS.map((path) => (path.split('/').length % 2 === 0 ? db.document(path, { asOf }) : Promise.resolve(null))),
  )
  const lists = await Promise.all(['a', 'a/1/b', 'a/1/b/1/c', 'a/2/b'].map((path) => db.documents(path, { asOf })))
  return {
    values: await Promise.all(PATHS.map((path) => db.get(path, { asOf }))),
    shallow: await Promise.all(PATHS.map((path) => db.get(path, { asOf, depth: 0 }))),
    documents: documents.map((document) => document && { ...document, asOf: '' }),
    lists: lists.map((page) => page.edges.map(({ node }) => ({ ...node, asOf: '' }))),
  }
}

export function asOf(subject: DatabaseSubject): void {
  describe('as of', () => {
    equality(subject)
    moments(subject)
    meaning(subject)
    cursors(subject)
  })
}

function equality(subject: DatabaseSubject): void {
  law(subject, 'AO1 a read at a past revision or time gives exactly what a reader then got', async () => {
    const numbers = fc.array(fc.nat({ max: WRITES.length - 1 }), { minLength: 4, maxLength: 14 })
    await fc.assert(
      fc.asyncProperty(numbers, (steps) =>
        withDatabase(subject, async ({ db, clock }) => {
          const seen: { cursor: string; time: number; look: unknown }[] = []
          for (const step of steps) {
            await WRITES[step]?.(db).catch(() => null)
            const { cursor } = await db.log(['*'], { first: 1_000 })
            seen.push({ cursor, time: clock.time, look: await look(db) })
            clock.time += 7
          }
          for (const { cursor, time, look: then } of seen) {
            expect(await look(db, { cursor })).toEqual(then)
            expect(await look(db, { time: timestamp(time + 3) })).toEqual(then)
          }
        }),
      ),
      { numRuns: 12 },
    )
  })

  law(subject, 'AO2 a deleted document is read as it was, with everything below it', async ({ db }) => {
    await db.put('posts/1', { title: 'a', comments: [] })
    const { cursor } = await db.post('posts/1/comments', 'x', { id: 'c' })
    await db.delete('posts')
    expect(await db.get('posts', { asOf: { cursor } })).toMatchObject([
      { id: '1', value: { title: 'a', comments: [{ id: 'c', value: 'x' }] } },
    ])
    expect(await db.get('posts/1/comments/c', { asOf: { version: 1 } })).toBe('x')
    expect(await db.document('posts/1', { asOf: { version: 1 } })).toMatchObject({
      version: 1,
      value: { title: 'a', comments: [] },
      deleted: false,
    })
  })
}

function moments(subject: DatabaseSubject): void {
  law(subject, 'AO3 a time stands for the state after the last commit at or before it', async ({ db, clock }) => {
    await db.put('posts/1', 1)
    await db.put('posts/1', 2)
    clock.time += 100
    await db.put('posts/1', 3)
    clock.time += 100
    const at = (millis: number): Promise<unknown> => db.get('posts/1', { asOf: { time: timestamp(START + millis) } })
    expect([await at(0), await at(99), await at(100), await at(200)]).toEqual([2, 2, 3, 3])
    expect(await at(-1)).toBeNull()
    expect(await db.document('posts/1', { asOf: { time: timestamp(START - 1) } })).toBeNull()
    expect((await db.documents('posts', { asOf: { time: timestamp(START - 1) } })).edges).toEqual([])
    expect(await db.get('posts', { asOf: { time: timestamp(START - 1) } })).toEqual([])
    expect(await db.get('posts/1', { asOf: { time: '2026-01-01T01:00:00+01:00' } })).toBe(2)
  })

  law(subject, 'AO4 a time ahead of the clock, or that is none, is BAD_REQUEST', async ({ db, clock }) => {
    await db.put('posts/1', 1)
    const reads = [
      (asked: AsOf) => db.get('posts/1', { asOf: asked }),
      (asked: AsOf) => db.document('posts/1', { asOf: asked }),
      (asked: AsOf) => db.documents('posts', { asOf: asked }),
    ]
    for (const read of reads) {
      for (const time of [timestamp(clock.time + 1), 'now', '']) {
        expect((await refusal(read({ time }))).code).toBe('BAD_REQUEST')
      }
      await read({ time: timestamp(clock.time) })
    }
  })

  law(subject, 'AO5 a version is one of the document that the path means', async ({ db }) => {
    await db.put('posts/1', { n: 1, comments: [] })
    await db.put('posts/1/comments/c', 'x')
    await db.put('posts/1/n', 2)
    await db.delete('posts/1')
    expect(await db.document('posts/1', { asOf: { version: 2 } })).toMatchObject({
      version: 2,
      value: { n: 2, comments: [] },
    })
    expect(await db.document('posts/1', { asOf: { version: 1 } })).toMatchObject({ version: 1, value: { n: 1 } })
    expect(await db.document('posts/1', { asOf: { version: 3 } })).toBeNull()
    expect(await db.get('posts/1/n', { asOf: { version: 1 } })).toBe(1)
    expect(await db.get('posts/1', { asOf: { version: 1 } })).toEqual({ n: 1, comments: [] })
    expect(await db.get('posts/1', { asOf: { version: 2 } })).toMatchObject({
      n: 2,
      comments: [{ id: 'c', value: 'x' }],
    })
  })

  law(subject, 'AO6 a version that never was is NOT_FOUND', async ({ db }) => {
    await db.put('posts/1', 1)
    await expectRefusal(db.document('posts/1', { asOf: { version: 2 } }), 'NOT_FOUND', 'posts/1')
    await expectRefusal(db.get('posts/1', { asOf: { version: 2 } }), 'NOT_FOUND', 'posts/1')
    await expectRefusal(db.document('posts/2', { asOf: { version: 1 } }), 'NOT_FOUND', 'posts/2')
    await expectRefusal(db.get('posts/2', { asOf: { version: 1 } }), 'NOT_FOUND', 'posts/2')
  })
}

function meaning(subject: DatabaseSubject): void {
  law(subject, 'AO7 what had a version at the moment decides what a path means', async ({ db }) => {
    const field = (await db.put('posts/1', { meta: { likes: { by: 'field' } } })).cursor
    const gone = (await db.delete('posts/1/meta')).cursor
    const nested = (await db.post('posts/1/meta', { by: 'document' }, { id: 'likes' })).cursor
    const deleted = (await db.delete('posts/1/meta/likes')).cursor
    const at = (cursor: string, path = 'posts/1/meta/likes/by'): Promise<unknown> => db.get(path, { asOf: { cursor } })
    expect([await at(field), await at(gone), await at(nested), await at(deleted)]).toEqual([
      'field',
      null,
      'document',
      null,
    ])
    expect([await at(field, 'posts/1/meta'), await at(gone, 'posts/1/meta')]).toEqual([
      { likes: { by: 'field' } },
      null,
    ])
    expect(await at(deleted, 'posts/1/meta')).toEqual([])
    expect(await db.document('posts/1/meta/likes', { asOf: { cursor: field } })).toBeNull()
    expect(await db.document('posts/1/meta/likes', { asOf: { cursor: nested } })).toMatchObject({ version: 1 })
  })

  law(subject, 'AO8 a document before its first version is null', async ({ db }) => {
    const { cursor } = await db.put('posts/1', { comments: [] })
    await db.put('posts/2', 2)
    await db.put('posts/1/comments/c', 'x')
    expect(await db.document('posts/2', { asOf: { cursor } })).toBeNull()
    expect(await db.get('posts/2', { asOf: { cursor } })).toBeNull()
    expect(await db.get('posts/1/comments/c', { asOf: { cursor } })).toBeNull()
    expect(await db.get('posts/1/comments', { asOf: { cursor } })).toEqual([])
  })
}

function cursors(subject: DatabaseSubject): void {
  law(
    subject,
    'AO9 a cursor that was altered in any one character is CURSOR_UNKNOWN, in reads, the log and changes',
    async ({ db }) => {
      const { cursor } = await db.put('posts/1', 1)
      for (let i = 0; i < cursor.length; i++) {
        for (const letter of ['0', 'b', 'Z', '-']) {
          if (cursor[i] === letter) continue
          const altered = cursor.slice(0, i) + letter + cursor.slice(i + 1)
          expect(await refusal(db.get('posts/1', { asOf: { cursor: altered } }))).toEqual({ code: 'CURSOR_UNKNOWN' })
          expect(await refusal(db.log(['*'], { after: altered }))).toEqual({ code: 'CURSOR_UNKNOWN' })
          expect(await refusal(db.changes(['*'], { after: altered }).next())).toEqual({ code: 'CURSOR_UNKNOWN' })
        }
      }
    },
  )

  law(subject, 'AO10 what is no cursor is CURSOR_UNKNOWN', async ({ db }) => {
    await db.put('posts/1', 1)
    for (const text of ['', 'x', '1', '0', '-1', '😀', 'a'.repeat(5_000)]) {
      expect(await refusal(db.document('posts/1', { asOf: { cursor: text } }))).toEqual({ code: 'CURSOR_UNKNOWN' })
      expect(await refusal(db.documents('posts', { asOf: { cursor: text } }))).toEqual({ code: 'CURSOR_UNKNOWN' })
      expect(await refusal(db.log(['*'], { after: text }))).toEqual({ code: 'CURSOR_UNKNOWN' })
      expect(await refusal(db.changes(['*'], { after: text }).next())).toEqual({ code: 'CURSOR_UNKNOWN' })
    }
  })

  law(subject, 'AO11 the cursor of another database is CURSOR_UNKNOWN', async ({ db }) => {
    await db.put('posts/1', 1)
    await withDatabase(subject, async ({ db: other }) => {
      const { cursor } = await other.put('posts/1', 1)
      expect(await refusal(db.get('posts/1', { asOf: { cursor } }))).toEqual({ code: 'CURSOR_UNKNOWN' })
      expect(await refusal(db.documents('posts', { asOf: { cursor } }))).toEqual({ code: 'CURSOR_UNKNOWN' })
      expect(await refusal(db.log(['*'], { after: cursor }))).toEqual({ code: 'CURSOR_UNKNOWN' })
      expect(await refusal(db.changes(['*'], { after: cursor }).next())).toEqual({ code: 'CURSOR_UNKNOWN' })
    })
  })
}
