import { describe, expect } from 'vitest'
import type { Database } from '../../../src/core/database.ts'
import type { Json } from '../../../src/core/json/json.ts'
import { appliedTo } from '../../support/past/json-patch.ts'
import { expectRefusal, law, refusal, timestamp, START, type DatabaseSubject } from './subject.ts'

const VALUES: readonly Json[] = [
  { title: 'a', tags: ['x', 'y', 'z'], meta: { likes: 1 } },
  { title: 'b', tags: ['x', 'z'], meta: { likes: 2, by: null } },
  [1, { two: 2 }, []],
  'text',
  null,
  { 'a/b': 1, '~': { '~1': 2 }, '': [] },
]

/** The value at a path as of a version of a document, undefined when nothing is there. */
async function valueAt(db: Database, version: number): Promise<Json | undefined> {
  const document = await db.document('posts/1', { asOf: { version } })
  return document === null ? undefined : document.value
}

export function diffs(subject: DatabaseSubject): void {
  describe('diff', () => {
    law(
      subject,
      'DI1 applied to the value at from, it gives the value at to: each pair of versions',
      async ({ db }) => {
        for (const value of VALUES) await db.put('posts/1', value)
        await db.delete('posts/1')
        await db.put('posts/1', { comments: [] })
        const versions = Array.from({ length: VALUES.length + 2 }, (_, i) => i + 1)
        for (const from of versions) {
          for (const to of versions) {
            const patch = await db.diff('posts/1', { from: { version: from }, to: { version: to } })
            expect(appliedTo(await valueAt(db, from), patch)).toEqual(await valueAt(db, to))
            if (from === to) expect(patch).toEqual([])
          }
        }
      },
    )

    law(subject, 'DI2 it names the fields that differ, and to is now when left out', async ({ db }) => {
      await db.put('posts/1', { title: 'a', tags: ['x'], meta: { likes: 1, old: true } })
      await db.patch('posts/1', { merge: { title: 'b', meta: { likes: 2, old: null, fresh: [] } } })
      const patch = await db.diff('posts/1', { from: { version: 1 } })
      const byPath = patch.toSorted((a, b) => (a.path < b.path ? -1 : 1))
      expect(byPath).toEqual([
        { op: 'add', path: '/meta/fresh', value: [] },
        { op: 'replace', path: '/meta/likes', value: 2 },
        { op: 'remove', path: '/meta/old' },
        { op: 'replace', path: '/title', value: 'b' },
      ])
    })

    law(subject, 'DI3 from nothing it is an add of the root, to nothing a remove, of nothing empty', async ({ db }) => {
      const { cursor: empty } = await db.put('other/1', 1)
      const { cursor: there } = await db.put('posts/1', { title: 'a' })
      await db.delete('posts/1')
      const diff = (from: string, to?: string): Promise<unknown> =>
        db.diff('posts/1', { from: { cursor: from }, to: to === undefined ? undefined : { cursor: to } })
      expect(await diff(empty, there)).toEqual([{ op: 'add', path: '', value: { title: 'a' } }])
      expect(await diff(there)).toEqual([{ op: 'remove', path: '' }])
      expect(await diff(empty)).toEqual([])
      expect(await diff(there, empty)).toEqual([{ op: 'remove', path: '' }])
    })

    law(subject, 'DI4 of a field it is within the field; what lies below a document is left out', async ({ db }) => {
      await db.put('posts/1', { meta: { likes: 1 }, comments: [] })
      const { cursor } = await db.put('posts/1/meta/likes', 2)
      await db.put('posts/1/comments/c', 1)
      const from = { version: 1 }
      expect(await db.diff('posts/1/meta', { from })).toEqual([{ op: 'replace', path: '/likes', value: 2 }])
      expect(await db.diff('posts/1/meta/likes', { from })).toEqual([{ op: 'replace', path: '', value: 2 }])
      expect(await db.diff('posts/1/meta/none', { from })).toEqual([])
      expect(await db.diff('posts/1', { from: { cursor } })).toEqual([])
      await db.patch('posts/1', { merge: { meta: null } })
      expect(await db.diff('posts/1/meta', { from })).toEqual([{ op: 'remove', path: '' }])
    })

    law(subject, 'DI5 a collection has none, and what never was is refused as in any read', async ({ db }) => {
      await db.put('posts/1', { comments: [] })
      await db.put('posts/1/comments/c', 1)
      const from = { version: 1 }
      await expectRefusal(db.diff('posts', { from }), 'INVALID_PATH', 'posts')
      await expectRefusal(db.diff('posts/1/comments', { from }), 'INVALID_PATH', 'posts/1/comments')
      await expectRefusal(db.diff('posts/1', { from: { version: 2 } }), 'NOT_FOUND', 'posts/1')
      await expectRefusal(db.diff('posts/1', { from, to: { version: 9 } }), 'NOT_FOUND', 'posts/1')
      for (const bad of [
        {},
        { version: 0 },
        { time: 'now' },
        { time: timestamp(START + 1e9) },
        { version: 1, time: '' },
      ]) {
        const refused = { code: 'BAD_REQUEST' }
        expect(await refusal(db.diff('posts/1', { from: bad as never }))).toEqual({ ...refused, argument: 'from' })
        expect(await refusal(db.diff('posts/1', { from, to: bad as never }))).toEqual({ ...refused, argument: 'to' })
      }
      await expect(db.diff('posts/1', { from, to: {} as never })).rejects.toThrow('to has exactly one of')
      expect(await refusal(db.diff('posts/1', { from: { cursor: 'x' } }))).toEqual({ code: 'CURSOR_UNKNOWN' })
    })
  })
}
