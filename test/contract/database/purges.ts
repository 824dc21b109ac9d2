import { describe, expect } from 'vitest'
import type { Database, WriteResult } from '../../../src/core/database.ts'
import {
  timestamp,
  expectRefusal,
  following,
  law,
  reading,
  reasons,
  refusal,
  START,
  type DatabaseSubject,
} from './subject.ts'

const SECRET = 'tide-and-time'

/** A post with a comment, in transactions with another post; every version of the first holds the secret. */
async function plant(db: Database): Promise<void> {
  await db.put('posts/1', { title: SECRET, comments: [] }, { key: `${SECRET}-put` })
  await db.post('posts/1/comments', { text: SECRET }, { id: 'c' })
  await db.transact([
    { kind: 'put', path: 'posts/1/title', value: `${SECRET} 2` },
    { kind: 'put', path: 'posts/2', value: { title: 'kept' } },
  ])
  await db.patch('posts/1', { merge: { [SECRET]: { deep: SECRET } } })
  await db.delete('posts/1/comments/c')
}

/** What all reads of the posts give, now and as of every moment, as text. */
async function everything(db: Database): Promise<string> {
  const log = await db.log(['*'])
  const seen: unknown[] = [log]
  const moments = [undefined, ...log.changes.map(({ cursor }) => ({ cursor: cursor ?? '' }))]
  for (const asOf of moments) {
    for (const path of ['posts', 'posts/1', 'posts/1/title', 'posts/1/comments']) {
      seen.push(await db.get(path, { asOf }))
    }
    seen.push(await db.documents('posts', { asOf }), await db.document('posts/1', { asOf, deleted: true }))
  }
  for (const path of ['posts', 'posts/1', 'posts/1/title', 'posts/1/comments/c']) seen.push(await db.history(path))
  return JSON.stringify(seen)
}

export function purges(subject: DatabaseSubject): void {
  describe('purge', () => {
    erasing(subject)
    names(subject)
    feeds(subject)
    refusing(subject)
  })
}

function erasing(subject: DatabaseSubject): void {
  law(subject, 'PU1 what was purged is in no answer, now or as of any moment', async ({ db }) => {
    await plant(db)
    expect(await everything(db)).toContain(SECRET)
    await db.purge('posts/1')
    const after = await everything(db)
    expect(after).not.toContain(SECRET)
    expect(after).toContain('kept')
    expect(await db.get('posts/1')).toBeNull()
    expect((await db.documents('posts')).edges.map(({ node }) => node.path)).toEqual(['posts/2'])
  })

  law(subject, 'PU2 each version stays as a mark with its number, time and actor', async ({ db, clock }) => {
    await plant(db)
    clock.time += 1_000
    const purged = await db.purge('posts/1')
    expect(reasons(purged)).toEqual(['DELETE PURGED posts/1/comments/c@3', 'DELETE PURGED posts/1@4'])
    const { edges } = await db.history('posts/1')
    expect(edges.map(({ node }) => [node.version, node.value, node.deleted, node.updatedAt])).toEqual([
      [1, null, true, timestamp(START)],
      [2, null, true, timestamp(START)],
      [3, null, true, timestamp(START)],
      [4, null, true, timestamp(START + 1_000)],
    ])
    const log = await db.log(['posts/1'])
    expect(reasons(log)).toEqual([
      'DELETE PURGED posts/1@1',
      'DELETE PURGED posts/1/comments/c@1',
      'DELETE PURGED posts/1@2',
      'DELETE PURGED posts/1@3',
      'DELETE PURGED posts/1/comments/c@2',
      'DELETE PURGED posts/1/comments/c@3',
      'DELETE PURGED posts/1@4',
    ])
    expect(log.changes.every(({ fields, before }) => fields.length === 0 && before === null)).toBe(true)
    for (const version of [1, 3, 4]) {
      const document = await db.document('posts/1', { asOf: { version }, deleted: true })
      expect([document?.version, document?.value, document?.deleted]).toEqual([version, null, true])
    }
  })

  law(subject, 'PU3 the other documents of a commit keep what they hold', async ({ db }) => {
    await plant(db)
    await db.purge('posts/1')
    expect(await db.get('posts/2')).toEqual({ title: 'kept' })
    const { edges } = await db.history('posts/2')
    expect(edges.map(({ node }) => [node.value, node.deleted])).toEqual([[{ title: 'kept' }, false]])
  })

  law(subject, 'PU4 a collection is purged with all documents in and below it, deleted ones too', async ({ db }) => {
    await plant(db)
    await db.delete('posts/2')
    const { changes } = await db.purge('posts')
    expect(changes.map(({ path }) => path).toSorted()).toEqual(['posts/1', 'posts/1/comments/c', 'posts/2'])
    const after = await everything(db)
    expect(after).not.toContain(SECRET)
    expect(after).not.toContain('kept')
  })

  law(
    subject,
    'PU5 the same purge with its key is one commit; with a fresh one there is nothing left',
    async ({ db }) => {
      await plant(db)
      const first = await db.purge('posts/1', { key: 'p' })
      const again = await db.purge('posts/1', { key: 'p' })
      expect([first.repeated, again.repeated, again.cursor]).toEqual([false, true, first.cursor])
      expect((await refusal(db.purge('posts/2', { key: 'p' }))).code).toBe('KEY_REUSED')
      await expectRefusal(db.purge('posts/1', { key: 'q' }), 'NOT_FOUND', 'posts/1')
    },
  )

  law(
    subject,
    'PU6 the key of a commit of which nothing is left is free, that of another stays used',
    async ({ db }) => {
      const both = (value: string): Promise<WriteResult> =>
        db.transact(
          [
            { kind: 'put', path: 'posts/1', value },
            { kind: 'put', path: 'posts/2', value: 'kept' },
          ],
          { key: 'both' },
        )
      await db.put('posts/1', SECRET, { key: 'alone' })
      await both(SECRET)
      await db.purge('posts/1')
      expect((await db.put('posts/1', SECRET, { key: 'alone' })).repeated).toBe(false)
      expect((await refusal(both(SECRET))).code).toBe('KEY_REUSED')
      await db.purge('posts')
      expect((await both('fresh')).repeated).toBe(false)
    },
  )
}

function names(subject: DatabaseSubject): void {
  law(subject, 'PU7 a purged document may be written again, and its versions go on counting', async ({ db }) => {
    await plant(db)
    await db.purge('posts/1')
    expect((await db.put('posts/1', { new: 1 }, { expect: { absent: true } })).changes[0]?.document.version).toBe(5)
    expect((await refusal(db.post('posts', 1, { id: '1' }))).code).toBe('EXISTS')
    await db.purge('posts/1')
    expect((await db.post('posts', 2, { id: '1' })).changes[0]?.document.version).toBe(7)
    expect(await db.get('posts/1')).toBe(2)
  })

  law(
    subject,
    'PU8 the name of a purged nested collection is free for a field, and as a field it reads',
    async ({ db }) => {
      await db.put('posts/1', {})
      await db.put('posts/1', { comments: [] })
      await db.post('posts/1/comments', SECRET, { id: 'c' })
      expect((await refusal(db.put('posts/1', { comments: { c: 1 } }))).code).toBe('NAME_TAKEN')
      await db.purge('posts/1/comments')
      expect(await db.get('posts/1')).toEqual({ comments: [] })
      await db.put('posts/1', { comments: { c: 1 } })
      expect(await db.get('posts/1/comments/c')).toBe(1)
      await db.put('posts/1/comments/c', 2)
      expect(await db.get('posts/1')).toEqual({ comments: { c: 2 } })
      await db.put('posts/1', { comments: [] })
      expect((await db.put('posts/1/comments/c', 'again')).changes[0]?.document.version).toBe(3)
      expect(await db.get('posts/1/comments/c')).toBe('again')
    },
  )

  law(subject, 'PU9 the marks of a nested document show at exactly its path', async ({ db }) => {
    await plant(db)
    await db.purge('posts/1/comments/c')
    const { edges } = await db.history('posts/1/comments/c')
    expect(edges.map(({ node }) => [node.path, node.version, node.value])).toEqual([
      ['posts/1/comments/c', 1, null],
      ['posts/1/comments/c', 2, null],
      ['posts/1/comments/c', 3, null],
    ])
    expect(await db.get('posts/1/comments')).toEqual([])
    await expectRefusal(db.delete('posts/1/comments/c'), 'NOT_FOUND')
  })

  law(subject, 'PU10 what is written at once with a purge comes before it or after it', async ({ db }) => {
    for (let round = 0; round < 10; round++) {
      await db.put(`posts/${round}`, { comments: [] })
      const posts = (): Promise<unknown>[] =>
        Array.from({ length: 5 }, (_, i) => db.post(`posts/${round}/comments`, `${SECRET} ${i}`).catch(() => null))
      const before = posts()
      const purged = db.purge(`posts/${round}`)
      const put = db.put(`posts/${round}`, { comments: 'free' })
      await Promise.all([...before, purged, put, ...posts()])
      expect(await db.get(`posts/${round}`)).toEqual({ comments: 'free' })
      expect(JSON.stringify(await db.history(`posts/${round}/comments`))).not.toContain(SECRET)
    }
  })
}

function feeds(subject: DatabaseSubject): void {
  law(
    subject,
    'PU11 a reader of changes gets the mark, whatever its filter, and nothing of what was',
    async ({ db }) => {
      await db.put('posts/1', { n: 1, text: SECRET })
      const options = { where: 'value.n == 1', replica: 'FULL', columns: ['text'] } as const
      await following(db, ['posts'], options, async (reader) => {
        await reader.upToDate()
        await db.purge('posts/1')
        expect(reasons(await reader.next())).toEqual(['DELETE PURGED posts/1@2'])
        expect(JSON.stringify(reader.batches)).not.toContain(SECRET)
      })
      await following(db, ['posts'], { types: ['NEW', 'UPDATE'], start: 'BEGINNING' }, async (reader) => {
        expect(await reader.upToDate()).toEqual([])
      })
    },
  )

  law(subject, 'PU12 a reader that goes on across a purge gets marks in place of what it missed', async ({ db }) => {
    const { cursor: after } = await db.put('posts/2', 'kept')
    await plant(db)
    // What is read now may be cached for the next reader of the same place.
    await following(db, ['posts/1'], { after }, async (reader) => void (await reader.upToDate()))
    await db.purge('posts/1')
    for (const options of [{ after }, { after, where: 'value.title == "never"' }]) {
      await following(db, ['posts/1'], options, async (reader) => {
        await reader.upToDate()
        const all = reader.batches.flatMap((batch) => reasons(batch))
        expect(all.length).toBe(7)
        expect(all.every((each) => each.startsWith('DELETE PURGED posts/1'))).toBe(true)
        expect(JSON.stringify(reader.batches)).not.toContain(SECRET)
      })
    }
  })

  law(subject, 'PU13 live drops a purged document, live and when it goes on later', async ({ db }) => {
    await db.put('posts/1', { n: 1, text: SECRET })
    let after = ''
    await reading(db.live(['posts'], { where: 'value.n == 1' }), async (reader) => {
      await reader.upToDate()
      after = reader.batches.at(-1)?.cursor ?? ''
      await db.put('posts/1', { n: 1, text: `${SECRET} 2` })
      await reader.until(2)
      await db.purge('posts/1')
      expect(reasons(await reader.next())).toEqual(['DELETE PURGED posts/1@3'])
    })
    await reading(db.live(['posts'], { where: 'value.n == 1', after }), async (reader) => {
      expect(await reader.upToDate()).toEqual(['DELETE posts/1@3'])
      expect(JSON.stringify(reader.batches)).not.toContain(SECRET)
    })
    await reading(db.live(['posts']), async (reader) => expect(await reader.upToDate()).toEqual([]))
  })
}

function refusing(subject: DatabaseSubject): void {
  law(subject, 'PU14 what names no document or collection with anything in it is NOT_FOUND', async ({ db }) => {
    await db.put('posts/1', { title: 1 })
    for (const path of ['posts/2', 'notes', 'posts/1/title', 'posts/1/comments']) {
      await expectRefusal(db.purge(path), 'NOT_FOUND', path)
    }
    expect((await refusal(db.purge('_system/retention'))).code).toBe('INVALID_PATH')
    expect(await db.get('posts/1')).toEqual({ title: 1 })
  })

  law(
    subject,
    'PU15 more documents than the limit, deleted ones included, are TOO_LARGE and nothing is purged',
    async ({ db }) => {
      for (let i = 0; i < 4; i++) await db.put(`posts/${i}`, SECRET)
      await db.delete('posts/0')
      expect(await refusal(db.purge('posts'))).toMatchObject({ code: 'TOO_LARGE', limit: 'documents', max: 3 })
      expect(JSON.stringify(await db.history('posts/0'))).toContain(SECRET)
      await db.purge('posts/0')
      expect((await db.purge('posts')).changes).toHaveLength(3)
    },
    { documents: 3 },
  )

  law(subject, 'PU16 keys that begin with sys: belong to the system', async ({ db }) => {
    expect(await refusal(db.put('posts/1', 1, { key: 'sys:erased-1' }))).toEqual({
      code: 'BAD_REQUEST',
      argument: 'key',
    })
  })
}
