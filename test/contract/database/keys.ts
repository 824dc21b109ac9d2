import { describe, expect } from 'vitest'
import type { WriteResult, Database } from '../../../src/core/database.ts'
import { expectRefusal, law, refusal, summary, type DatabaseSubject } from './subject.ts'

const KEY = 'k-1'

/** Writes that differ from one another in operation, path, value or expectation. */
const WRITES: Readonly<Record<string, (db: Database) => Promise<WriteResult>>> = {
  post: (db) => db.post('posts', { a: 1, b: [2] }, { key: KEY }),
  'post of another value': (db) => db.post('posts', { a: 1, b: [3] }, { key: KEY }),
  'post elsewhere': (db) => db.post('notes', { a: 1, b: [2] }, { key: KEY }),
  'post with an id': (db) => db.post('posts', { a: 1, b: [2] }, { key: KEY, id: 'x' }),
  put: (db) => db.put('posts/1', { a: 1 }, { key: KEY }),
  'put with an expectation': (db) => db.put('posts/1', { a: 1 }, { key: KEY, expect: { exists: true } }),
  'put with another expectation': (db) => db.put('posts/1', { a: 1 }, { key: KEY, expect: { version: 1 } }),
  patch: (db) => db.patch('posts/1', { merge: { a: 1 } }, { key: KEY }),
  delete: (db) => db.delete('posts/1', { key: KEY }),
  transact: (db) =>
    db.transact(
      [
        { kind: 'put', path: 'posts/2', value: 1 },
        { kind: 'put', path: 'posts/3', value: 1 },
      ],
      { key: KEY },
    ),
  'transact in another order': (db) =>
    db.transact(
      [
        { kind: 'put', path: 'posts/3', value: 1 },
        { kind: 'put', path: 'posts/2', value: 1 },
      ],
      { key: KEY },
    ),
  'transact with a check': (db) =>
    db.transact(
      [
        { kind: 'put', path: 'posts/2', value: 1 },
        { kind: 'put', path: 'posts/3', value: 1 },
      ],
      {
        key: KEY,
        checks: [{ path: 'posts/1', expect: { version: 1 } }],
      },
    ),
}

export function keys(subject: DatabaseSubject): void {
  describe('idempotency keys', () => {
    repeats(subject)
    refused(subject)
    concurrent(subject)
  })
}

function repeats(subject: DatabaseSubject): void {
  for (const [name, write] of Object.entries(WRITES)) {
    law(
      subject,
      `KE1 ${name}: the same write with its key again is the first commit, whatever happened since`,
      async ({ db, clock }) => {
        await db.put('posts/1', { a: 0 })
        const first = await write(db)
        expect(first).toMatchObject({ id: KEY, repeated: false })
        clock.time += 60_000
        await db.put('posts/1', { a: 'later' })
        const size = (await db.log(['*'])).changes.length
        expect(await write(db)).toEqual({ ...first, repeated: true })
        expect((await db.log(['*'])).changes).toHaveLength(size)
      },
    )

    law(subject, `KE2 ${name}: every other write with its key is KEY_REUSED`, async ({ db }) => {
      await db.put('posts/1', { a: 0 })
      await write(db)
      for (const other of Object.values(WRITES)) {
        if (other !== write) expect(await refusal(other(db))).toEqual({ code: 'KEY_REUSED', commit: KEY })
      }
    })
  }

  law(subject, 'KE3 the same value with its keys in another order is the same write', async ({ db }) => {
    await db.put('posts/1', { a: 1, b: { c: 2, d: 3 } }, { key: KEY, expect: { absent: true } })
    expect(await db.put('posts/1', { b: { d: 3, c: 2 }, a: 1 }, { key: KEY, expect: { absent: true } })).toMatchObject({
      id: KEY,
      repeated: true,
    })
  })

  law(subject, 'KE4 a key has 1 to 128 bytes', async ({ db }) => {
    const longest = `${'€'.repeat(42)}ab`
    expect(await db.put('posts/1', 1, { key: longest })).toMatchObject({ id: longest })
    expect(await db.put('posts/1', 2, { key: 'x' })).toMatchObject({ id: 'x' })
    expect(await refusal(db.put('posts/1', 3, { key: `${longest}c` }))).toEqual({
      code: 'TOO_LARGE',
      limit: 'keyBytes',
      max: 128,
    })
    expect(await refusal(db.put('posts/1', 3, { key: '' }))).toEqual({ code: 'BAD_REQUEST', argument: 'key' })
    expect(await db.get('posts/1')).toBe(2)
  })
}

function refused(subject: DatabaseSubject): void {
  law(subject, 'KE5 a write that was refused leaves its key free', async ({ db }) => {
    await expectRefusal(db.post('posts/1/comments', { n: 1 }, { key: KEY, id: 'c' }), 'NOT_FOUND')
    await expectRefusal(db.put('posts/1', { n: 1 }, { key: KEY, expect: { exists: true } }), 'CONFLICT')
    await expectRefusal(db.put('posts', { n: 1 }, { key: KEY }), 'INVALID_PATH')
    expect(await db.put('posts/1', { n: 2 }, { key: KEY })).toMatchObject({ id: KEY, repeated: false })
    await expectRefusal(db.post('posts/1/comments', { n: 1 }, { key: 'k-2', id: 'a/b' }), 'INVALID_PATH')
    expect(summary(await db.post('posts/1/comments', { n: 1 }, { key: 'k-2', id: 'c' }))).toEqual([
      'NEW posts/1/comments/c@1',
    ])
  })

  law(subject, 'KE6 a repeated write is the first commit although it would be refused now', async ({ db }) => {
    const first = await db.put('posts/1', 1, { key: 'a', expect: { absent: true } })
    const deleted = await db.delete('posts/1', { key: 'b' })
    const posted = await db.post('posts', 2, { key: 'c', id: '1' })
    expect(await db.put('posts/1', 1, { key: 'a', expect: { absent: true } })).toEqual({ ...first, repeated: true })
    expect(await db.delete('posts/1', { key: 'b' })).toEqual({ ...deleted, repeated: true })
    expect(await db.post('posts', 2, { key: 'c', id: '1' })).toEqual({ ...posted, repeated: true })
    expect(await db.document('posts/1')).toMatchObject({ version: 3, value: 2 })
  })
}

function concurrent(subject: DatabaseSubject): void {
  for (const [name, write] of Object.entries(WRITES)) {
    law(subject, `KE7 ${name}: the same write many times at once with one key is one commit`, async ({ db }) => {
      await db.put('posts/1', { a: 0 })
      const commits = await Promise.all(Array.from({ length: 20 }, () => write(db)))
      expect(commits.filter(({ repeated }) => !repeated)).toHaveLength(1)
      expect(new Set(commits.map(({ cursor }) => cursor)).size).toBe(1)
      expect((await db.log(['*'])).changes).toHaveLength(1 + (commits[0]?.changes.length ?? 0))
    })
  }

  law(
    subject,
    'KE8 of different writes at once with one key, one passes and the others are KEY_REUSED',
    async ({ db }) => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, (_, i) => db.put(`posts/${i}`, i, { key: KEY })),
      )
      const codes = outcomes.map((outcome) =>
        outcome.status === 'rejected' ? (outcome.reason as { code?: string }).code : 'passed',
      )
      expect(codes.filter((code) => code === 'passed')).toHaveLength(1)
      expect(codes.filter((code) => code === 'KEY_REUSED')).toHaveLength(19)
      expect((await db.documents('posts')).edges).toHaveLength(1)
    },
  )

  law(subject, 'KE9 of a write that is refused and another at once with one key, the other passes', async ({ db }) => {
    for (let round = 0; round < 10; round++) {
      const key = `k-${round}`
      const [bad, good] = await Promise.allSettled([
        db.put(`a/${round}`, 1, { key, expect: { exists: true } }),
        db.put(`b/${round}`, 1, { key }),
      ])
      expect(bad.status).toBe('rejected')
      expect(good).toMatchObject({ status: 'fulfilled', value: { id: key, repeated: false } })
    }
  })
}
