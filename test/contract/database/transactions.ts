import { describe, expect } from 'vitest'
import type { Op } from '../../../src/core/database.ts'
import { expectRefusal, law, refusal, summary, type DatabaseSubject } from './subject.ts'

const put = (path: string, value: number | string): Op => ({ kind: 'put', path, value })

export function transactions(subject: DatabaseSubject): void {
  describe('transact', () => {
    atomicity(subject)
    folding(subject)
  })
}

function atomicity(subject: DatabaseSubject): void {
  law(subject, 'TR1 a transaction is one commit over any paths', async ({ db }) => {
    await db.put('posts/1', { n: 1, comments: [] })
    await db.put('posts/2', {})
    const commit = await db.transact([
      { kind: 'post', path: 'posts', value: { n: 3 }, id: '3' },
      { kind: 'patch', path: 'posts/1', patch: { merge: { n: 2 } } },
      { kind: 'put', path: 'posts/1/comments/c', value: {} },
      { kind: 'delete', path: 'posts/2' },
    ])
    const told = ['NEW posts/3@1', 'UPDATE posts/1@2', 'NEW posts/1/comments/c@1', 'DELETE posts/2@2']
    expect(summary(commit)).toEqual(told)
    const places = commit.changes.map(({ commit: id, cursor, at }) => ({ id, cursor, at }))
    expect(places).toEqual(told.map(() => ({ id: commit.id, cursor: commit.cursor, at: commit.at })))
    expect(summary(await db.log(['*'], { first: 100 })).slice(2)).toEqual(told)
  })

  law(subject, 'TR2 one operation that is refused undoes all, with the error it would have alone', async ({ db }) => {
    await db.put('posts/1', { title: 'a' })
    const bad: readonly (readonly [Op, string])[] = [
      [{ kind: 'post', path: 'posts', value: 1, id: '1' }, 'EXISTS'],
      [{ kind: 'post', path: 'posts/9/comments', value: 1 }, 'NOT_FOUND'],
      [{ kind: 'post', path: 'posts/1/title', value: 1 }, 'NAME_TAKEN'],
      [{ kind: 'delete', path: 'posts/8' }, 'NOT_FOUND'],
      [{ kind: 'put', path: 'posts/1', value: 1, expect: { version: 9 } }, 'CONFLICT'],
      [{ kind: 'put', path: 'posts', value: 1 }, 'INVALID_PATH'],
      [{ kind: 'put', path: 'posts/1', value: Number.NaN }, 'INVALID_VALUE'],
    ]
    for (const [op, code] of bad) {
      await expectRefusal(db.transact([put('posts/2', 1), op, put('posts/3', 1)]), code)
    }
    expect((await db.log(['*'])).changes).toHaveLength(1)
    expect(await db.get('posts')).toHaveLength(1)
  })

  law(subject, 'TR3 operations run in order and see each other', async ({ db }) => {
    await db.transact([
      { kind: 'post', path: 'posts', value: { n: 0, tags: ['x'] }, id: '1' },
      { kind: 'post', path: 'posts/1/comments', value: { text: 'x' }, id: 'c' },
      { kind: 'put', path: 'posts/1/comments/c/text', value: 'y' },
      { kind: 'put', path: 'posts/1/meta/likes', value: 1 },
      { kind: 'put', path: 'posts/1/tags/0', value: 'first' },
    ])
    expect(await db.get('posts/1/comments/c')).toEqual({ text: 'y' })
    expect((await db.document('posts/1'))?.value).toEqual({ n: 0, tags: ['first'], meta: { likes: 1 } })
    await expectRefusal(db.transact([{ kind: 'delete', path: 'posts/1' }, put('posts/1/title', 'x')]), 'NOT_FOUND')
    await expectRefusal(db.transact([put('posts/7', 1), { kind: 'post', path: 'posts', value: 1, id: '7' }]), 'EXISTS')
    expect(await db.document('posts/7')).toBeNull()
  })

  law(
    subject,
    'TR4 a delete in a transaction covers what earlier operations made, and not what later ones make',
    async ({ db }) => {
      await db.put('posts/1', 1)
      const commit = await db.transact([put('posts/2', 2), { kind: 'delete', path: 'posts' }, put('posts/3', 3)])
      expect(summary(commit).toSorted()).toEqual(['DELETE posts/1@2', 'NEW posts/3@1'])
      expect(await db.get('posts')).toMatchObject([{ id: '3', value: 3 }])
      expect((await db.history('posts/2')).edges).toEqual([])
    },
  )

  law(subject, 'TR5 readers see a transaction entirely or not at all', async ({ db }) => {
    await db.transact([put('accounts/a', 50), put('accounts/b', 50)])
    const transfers = Array.from({ length: 50 }, (_, i) =>
      db.transact([put('accounts/a', 50 - i), put('accounts/b', 50 + i)]),
    )
    const looks = Array.from({ length: 50 }, () => db.get('accounts') as Promise<readonly { value: number }[]>)
    for (const look of await Promise.all(looks)) expect(look.reduce((sum, { value }) => sum + value, 0)).toBe(100)
    await Promise.all(transfers)
  })

  law(
    subject,
    'TR6 more operations or checks, or more bytes, than allowed are TOO_LARGE',
    async ({ db }) => {
      const ops = Array.from({ length: 4 }, (_, i) => put(`posts/${i}`, 1))
      const checks = ops.map(({ path }) => ({ path, expect: { absent: true } }))
      expect(await refusal(db.transact(ops))).toEqual({ code: 'TOO_LARGE', limit: 'operations', max: 3 })
      expect(await refusal(db.transact(ops.slice(0, 1), { checks }))).toEqual({
        code: 'TOO_LARGE',
        limit: 'operations',
        max: 3,
      })
      const tooMuch = db.transact([put('posts/1', 'x'.repeat(600)), put('posts/2', 'x'.repeat(600))])
      expect(await refusal(tooMuch)).toMatchObject({ code: 'TOO_LARGE', limit: 'transactionBytes', max: 1_000 })
      expect((await db.log(['*'])).changes).toEqual([])
      expect((await db.transact(ops.slice(0, 3), { checks: checks.slice(0, 3) })).changes).toHaveLength(3)
    },
    { operations: 3, transactionBytes: 1_000 },
  )

  law(
    subject,
    'TR7 what is kept beside the values counts as bytes too: paths, fields, tombstones, and the key of each',
    async ({ db }) => {
      const deep = (id: string): string => `posts/${id.repeat(60)}`
      const values = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => put(deep(id), 1))
      const tooMuch = { code: 'TOO_LARGE', limit: 'transactionBytes', max: 1_000 }
      expect(await refusal(db.transact(values))).toMatchObject(tooMuch)
      for (const op of values) await db.put(op.path, {})
      expect(await refusal(db.transact([{ kind: 'delete', path: 'posts' }, put('a/1', 1)]))).toMatchObject(tooMuch)
      const fields = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`${i}`.repeat(60), null]))
      const patches = values.slice(0, 2).map(({ path }): Op => ({ kind: 'patch', path, patch: { merge: fields } }))
      expect(await refusal(db.transact(patches))).toMatchObject(tooMuch)
      expect(await refusal(db.transact(values.slice(0, 4), { key: 'k'.repeat(100) }))).toMatchObject(tooMuch)
      expect((await db.transact(values.slice(0, 4))).changes).toHaveLength(4)
    },
    { transactionBytes: 1_000 },
  )
}

function folding(subject: DatabaseSubject): void {
  law(subject, 'TR8 operations on one document make one version and one change', async ({ db }) => {
    await db.put('posts/1', {})
    const updated = await db.transact([
      put('posts/1/a', 1),
      put('posts/1/b', 2),
      { kind: 'patch', path: 'posts/1', patch: { merge: { a: null } } },
    ])
    expect(summary(updated)).toEqual(['UPDATE posts/1@2'])
    expect(updated.changes[0]?.document.value).toEqual({ b: 2 })
    const created = await db.transact([put('posts/2', 'a'), put('posts/2', 'b')])
    expect(summary(created)).toEqual(['NEW posts/2@1'])
    expect(await db.get('posts/2')).toBe('b')
    const deleted = await db.transact([put('posts/1/c', 3), { kind: 'delete', path: 'posts/1' }])
    expect(summary(deleted)).toEqual(['DELETE posts/1@3'])
    expect((await db.history('posts')).edges).toHaveLength(4)
  })

  law(subject, 'TR9 a document that is deleted and made again in one commit has one more version', async ({ db }) => {
    await db.put('posts/1', 'a')
    const commit = await db.transact([
      { kind: 'delete', path: 'posts/1' },
      { kind: 'post', path: 'posts', value: 'b', id: '1' },
    ])
    expect(summary(commit)).toEqual(['UPDATE posts/1@2'])
    expect(await db.document('posts/1')).toMatchObject({ version: 2, value: 'b' })
  })

  law(subject, 'TR10 a document that is created and deleted in one commit has no version at all', async ({ db }) => {
    const commit = await db.transact([put('posts/1', 'a'), { kind: 'delete', path: 'posts/1' }, put('posts/2', 'b')])
    expect(summary(commit)).toEqual(['NEW posts/2@1'])
    expect((await db.history('posts/1')).edges).toEqual([])
    expect(summary(await db.put('posts/1', 'c'))).toEqual(['NEW posts/1@1'])
    await db.delete('posts/1')
    const again = await db.transact([put('posts/1', 'd'), { kind: 'delete', path: 'posts/1' }, put('posts/3', 'e')])
    expect(summary(again)).toEqual(['NEW posts/3@1'])
    expect(summary(await db.put('posts/1', 'f'))).toEqual(['NEW posts/1@3'])
  })

  law(
    subject,
    'TR11 a commit of operations that undo each other has a cursor and no changes, and feeds go on past it',
    async ({ db }) => {
      const commit = await db.transact([put('posts/1', 'a'), { kind: 'delete', path: 'posts/1' }], { key: 'nothing' })
      expect(commit).toMatchObject({ id: 'nothing', changes: [], repeated: false })
      await db.put('posts/2', 'b')
      expect(summary(await db.log(['*'], { after: commit.cursor }))).toEqual(['NEW posts/2@1'])
      expect(await db.transact([put('posts/1', 'a'), { kind: 'delete', path: 'posts/1' }], { key: 'nothing' })).toEqual(
        { ...commit, repeated: true },
      )
    },
  )
}
