import { describe, expect } from 'vitest'
import type { Op } from '../../../src/core/database.ts'
import type { Json } from '../../../src/core/json/json.ts'
import { expectRefusal, law, refusal, START, timestamp, type DatabaseSubject } from './subject.ts'

const patch = (path: string, operators: Json): Op => ({ kind: 'patch', path, patch: { operators } })

export function patches(subject: DatabaseSubject): void {
  describe('operators', () => operators(subject))
  describe('JSON Patch', () => jsonPatches(subject))
}

function operators(subject: DatabaseSubject): void {
  law(subject, 'PT1 operators change what is there, in a document and in a field of one', async ({ db }) => {
    await db.put('posts/1', { stats: { likes: 1 }, tags: ['a'] })
    const { changes } = await db.patch('posts/1', {
      operators: { 'stats/likes': { $inc: 2 }, tags: { $union: ['a', 'b'] }, top: { $max: 7 } },
    })
    expect(changes[0]?.fields).toEqual(['stats/likes', 'tags', 'top'])
    expect((await db.patch('posts/1/stats', { operators: { likes: { $inc: -1 } } })).changes[0]?.fields).toEqual([
      'stats/likes',
    ])
    await db.patch('posts/1/top', { operators: { '': { $inc: 1 } } })
    expect(await db.get('posts/1')).toEqual({ stats: { likes: 2 }, tags: ['a', 'b'], top: 8 })
  })

  law(subject, 'PT2 64 writers on one counter give the exact sum, without an expectation', async ({ db }) => {
    await db.put('counters/1', { n: 0, list: [] })
    const writes = Array.from({ length: 64 }, async (_, writer) => {
      for (let i = 1; i <= 5; i++) {
        await db.patch('counters/1', { operators: { n: { $inc: i }, list: { $append: [writer] } } })
      }
    })
    await Promise.all(writes)
    const { n, list } = (await db.get('counters/1')) as { n: number; list: readonly number[] }
    expect([n, list.length, new Set(list).size]).toEqual([64 * 15, 320, 64])
    expect(await db.document('counters/1')).toMatchObject({ version: 321 })
  })

  law(subject, 'PT3 $serverTime is the time of the commit, also in a transaction', async ({ db, clock }) => {
    await db.put('posts/1', {})
    clock.time = START + 5_000
    const { at } = await db.patch('posts/1', { operators: { readAt: { $serverTime: true } } })
    expect(at).toBe(timestamp(START + 5_000))
    expect(await db.get('posts/1/readAt')).toBe(at)
    clock.time = START
    const commit = await db.transact([
      patch('posts/1', { readAt: { $serverTime: true } }),
      { kind: 'put', path: 'posts/2', value: {} },
      patch('posts/2', { by: { $serverTime: true } }),
    ])
    expect([await db.get('posts/1/readAt'), await db.get('posts/2/by')]).toEqual([commit.at, commit.at])
  })

  law(
    subject,
    'PT4 an operator that does not fit is INVALID_VALUE with the place, and changes nothing',
    async ({ db }) => {
      await db.put('posts/1', { n: 1, title: 'a' })
      const refused = await refusal(db.patch('posts/1', { operators: { n: { $inc: 1 }, title: { $inc: 1 } } }))
      expect(refused).toMatchObject({ code: 'INVALID_VALUE', at: '/title/$inc' })
      const malformed = await refusal(db.patch('posts/1', { operators: { n: { $add: 1 } } }))
      expect(malformed).toMatchObject({ code: 'BAD_REQUEST', at: '/n/$add' })
      const inexact = await refusal(db.patch('posts/1', { operators: { n: { $inc: 2 ** 53 - 1 } } }))
      expect(inexact).toMatchObject({ code: 'INVALID_VALUE', at: '/n/$inc' })
      await expectRefusal(db.patch('posts/2', { operators: { n: { $inc: 1 } } }), 'NOT_FOUND', 'posts/2')
      expect(await db.document('posts/1')).toMatchObject({ version: 1, value: { n: 1, title: 'a' } })
    },
  )

  law(subject, 'PT5 operators keep the names of nested collections, and take expectations', async ({ db }) => {
    await db.put('posts/1', { comments: [] })
    await db.post('posts/1/comments', {}, { id: 'c' })
    await expectRefusal(db.patch('posts/1', { operators: { comments: { $append: [1] } } }), 'NAME_TAKEN')
    await expectRefusal(
      db.patch('posts/1', { operators: { n: { $inc: 1 } } }, { expect: { version: 9 } }),
      'CONFLICT',
      'posts/1',
    )
    const key = { key: 'once' }
    await db.patch('posts/1', { operators: { n: { $inc: 1 } } }, key)
    expect(await db.patch('posts/1', { operators: { n: { $inc: 1 } } }, key)).toMatchObject({ repeated: true })
    await expectRefusal(db.patch('posts/1', { operators: { n: { $inc: 2 } } }, key), 'KEY_REUSED')
    expect(await db.get('posts/1/n')).toBe(1)
  })
}

function jsonPatches(subject: DatabaseSubject): void {
  law(subject, 'PT6 a JSON Patch does all of its operations, to a document and to a field', async ({ db }) => {
    await db.put('posts/1', { title: 'a', tags: ['x'], old: 1 })
    const { changes } = await db.patch('posts/1', {
      json: [
        { op: 'test', path: '/title', value: 'a' },
        { op: 'replace', path: '/title', value: 'b' },
        { op: 'add', path: '/tags/0', value: 'w' },
        { op: 'move', from: '/old', path: '/new' },
      ],
    })
    expect(changes[0]?.fields).toEqual(['title', 'tags', 'old', 'new'])
    const field = await db.patch('posts/1/tags', { json: [{ op: 'remove', path: '/1' }] })
    expect(field.changes[0]?.fields).toEqual(['tags'])
    expect(await db.get('posts/1')).toEqual({ title: 'b', tags: ['w'], new: 1 })
  })

  law(subject, 'PT7 one operation that fails undoes all, and the error names it', async ({ db }) => {
    await db.put('posts/1', { title: 'a' })
    const replace = { op: 'replace', path: '/title', value: 'b' }
    const test = await refusal(db.patch('posts/1', { json: [replace, { op: 'test', path: '/title', value: 'a' }] }))
    expect(test).toMatchObject({ code: 'CONFLICT', at: '/1', path: 'posts/1', version: 1, value: 'b' })
    const missing = await refusal(db.patch('posts/1', { json: [replace, { op: 'remove', path: '/nothing' }] }))
    expect(missing).toMatchObject({ code: 'INVALID_VALUE', at: '/1/path' })
    const malformed = await refusal(db.patch('posts/1', { json: [replace, { op: 'drop', path: '/title' }] }))
    expect(malformed).toMatchObject({ code: 'BAD_REQUEST', at: '/1/op' })
    expect(await db.document('posts/1')).toMatchObject({ version: 1, value: { title: 'a' } })
  })

  law(subject, 'PT8 its operations count singly among those of a transaction', async ({ db }) => {
    await db.put('posts/1', { n: 0 })
    const json = (count: number): Json =>
      Array.from({ length: count }, (_, i) => ({ op: 'add', path: `/k${i}`, value: i }))
    const ops = (count: number): readonly Op[] => [
      { kind: 'patch', path: 'posts/1', patch: { json: json(count) } },
      { kind: 'put', path: 'posts/2', value: 1 },
    ]
    await db.transact(ops(499))
    expect(await refusal(db.transact(ops(500)))).toMatchObject({ code: 'TOO_LARGE', limit: 'operations', max: 500 })
  })

  law(subject, 'PT9 a patch is exactly one of merge, json and operators', async ({ db }) => {
    await db.put('posts/1', {})
    for (const bad of [{}, { merge: {}, json: [] }, { other: 1 }]) {
      await expectRefusal(db.patch('posts/1', bad as never), 'BAD_REQUEST')
    }
    const large = await refusal(
      db.patch('posts/1', { json: [{ op: 'add', path: '/a', value: 'x'.repeat(1_048_576) }] }),
    )
    expect(large).toMatchObject({ code: 'TOO_LARGE', limit: 'valueBytes' })
  })
}
