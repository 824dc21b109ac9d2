import { describe, expect } from 'vitest'
import type { Database } from '../../../src/core/database.ts'
import type { ChangesOptions } from '../../../src/core/database/options.ts'
import { following, law, refusal, summary, wholeLog, type DatabaseSubject } from './subject.ts'

/** What a feed delivers before it is live. */
async function backlog(db: Database, paths: readonly string[], options: ChangesOptions): Promise<readonly string[]> {
  let told: readonly string[] = []
  await following(db, paths, options, async (reader) => {
    told = await reader.upToDate()
  })
  return told
}

async function plant(db: Database): Promise<void> {
  await db.put('a/1', 1)
  await db.transact([
    { kind: 'put', path: 'a/2', value: 1 },
    { kind: 'put', path: 'b/1', value: 1 },
    { kind: 'put', path: 'a/3', value: 1 },
  ])
  await db.put('b/1', 2)
  await db.delete('a/1')
  await db.put('a/2', 2)
}

export function changes(subject: DatabaseSubject): void {
  describe('changes: where it begins and ends', () => {
    beginnings(subject)
    ends(subject)
  })
  describe('changes: what it delivers', () => {
    contents(subject)
    patterns(subject)
    fieldPatterns(subject)
    badPatterns(subject)
  })
}

function beginnings(subject: DatabaseSubject): void {
  law(subject, 'CH1 a feed that has no backlog sends an empty batch that is up to date at once', async ({ db }) => {
    for (const options of [{}, { start: 'NOW' }, { start: 'BEGINNING' }, { last: 5 }] as const) {
      await following(db, ['posts'], options, async (reader) => {
        expect(await reader.next()).toMatchObject({ changes: [], upToDate: true })
      })
    }
    const { cursor } = await db.put('posts/1', 1)
    for (const options of [{}, { start: 'NOW' }, { after: cursor }] as const) {
      await following(db, ['posts'], options, async (reader) => {
        expect(await reader.next()).toMatchObject({ changes: [], upToDate: true })
      })
    }
    await following(db, ['posts'], {}, async (reader) => {
      await reader.next()
      const told = reader.until(1)
      await db.put('posts/2', 2)
      expect(await told).toEqual(['NEW posts/2@1'])
    })
  })

  law(subject, 'CH2 a feed begins at the beginning, after a cursor, or now', async ({ db }) => {
    await db.put('a/1', 1)
    const { cursor } = await db.put('a/1', 2)
    await db.put('a/1', 3)
    await db.put('a/1', 4)
    expect(await backlog(db, ['a'], { start: 'BEGINNING' })).toEqual([
      'NEW a/1@1',
      'UPDATE a/1@2',
      'UPDATE a/1@3',
      'UPDATE a/1@4',
    ])
    expect(await backlog(db, ['a'], { after: cursor })).toEqual(['UPDATE a/1@3', 'UPDATE a/1@4'])
    expect(await backlog(db, ['a'], {})).toEqual([])
  })

  law(
    subject,
    'CH3 a cursor is stronger than start and last, so that a client can resume with what it first asked for',
    async ({ db }) => {
      await db.put('a/1', 1)
      const { cursor } = await db.put('a/1', 2)
      await db.put('a/1', 3)
      for (const options of [{ start: 'BEGINNING' }, { start: 'NOW' }, { last: 3 }] as const) {
        expect(await backlog(db, ['a'], { ...options, after: cursor })).toEqual(['UPDATE a/1@3'])
      }
    },
  )

  law(
    subject,
    'CH4 last begins with the last matching changes, rounded up to whole commits, and goes on live',
    async ({ db }) => {
      await plant(db)
      const all = await wholeLog(db)
      const sizes: number[] = []
      for (let last = 1; last <= 9; last++) {
        const told = await backlog(db, ['*'], { last })
        expect(told).toEqual(all.slice(all.length - told.length))
        sizes.push(told.length)
      }
      expect(sizes).toEqual([1, 2, 3, 6, 6, 6, 7, 7, 7])
      expect(await backlog(db, ['b'], { last: 1 })).toEqual(['UPDATE b/1@2'])
      expect(await backlog(db, ['a'], { last: 3 })).toEqual(['NEW a/2@1', 'NEW a/3@1', 'DELETE a/1@2', 'UPDATE a/2@2'])
      expect(await backlog(db, ['*'], { last: 2, types: ['NEW'] })).toEqual(['NEW a/2@1', 'NEW b/1@1', 'NEW a/3@1'])
      await following(db, ['a'], { last: 1 }, async (reader) => {
        expect(await reader.upToDate()).toEqual(['UPDATE a/2@2'])
        const told = reader.until(2)
        await db.put('a/9', 9)
        expect(await told).toEqual(['UPDATE a/2@2', 'NEW a/9@1'])
      })
    },
  )

  law(subject, 'CH5 arguments out of their range are refused', async ({ db }) => {
    const refused = (options: ChangesOptions): Promise<unknown> =>
      refusal((async () => db.changes(['*'], options).next())())
    for (const heartbeatMs of [99, 60_001, 0, -1, Number.NaN]) {
      expect(await refused({ heartbeatMs })).toEqual({ code: 'BAD_REQUEST', argument: 'heartbeatMs' })
    }
    for (const last of [0, -1, 1.5]) expect(await refused({ last })).toEqual({ code: 'BAD_REQUEST', argument: 'last' })
    expect(await refused({ last: 1_001 })).toMatchObject({
      code: expect.stringMatching(/^(TOO_LARGE|BAD_REQUEST)$/) as string,
    })
  })
}

function ends(subject: DatabaseSubject): void {
  law(
    subject,
    'CH6 a feed with a limit completes after so many changes, rounded up to whole commits',
    async ({ db }) => {
      await plant(db)
      const all = await wholeLog(db)
      const sizes: number[] = []
      for (let limit = 1; limit <= 7; limit++) {
        await following(db, ['*'], { start: 'BEGINNING', limit }, async (reader) => {
          const told = await reader.rest()
          expect(told).toEqual(all.slice(0, told.length))
          sizes.push(told.length)
        })
      }
      expect(sizes).toEqual([1, 4, 4, 4, 5, 6, 7])
    },
  )

  law(subject, 'CH7 a limit counts what comes live too, and changes that do not match do not count', async ({ db }) => {
    await db.put('a/1', 1)
    await following(db, ['a'], { start: 'BEGINNING', limit: 3, types: ['NEW'] }, async (reader) => {
      const told = reader.rest()
      for (const path of ['b/1', 'a/1', 'a/2', 'b/2', 'a/3', 'a/4']) await db.put(path, 1)
      expect(await told).toEqual(['NEW a/1@1', 'NEW a/2@1', 'NEW a/3@1'])
    })
  })
}

function contents(subject: DatabaseSubject): void {
  law(subject, 'CH8 every change comes once, in the order of the log, as its commit told it', async ({ db }) => {
    await following(db, ['*'], {}, async (reader) => {
      await reader.next()
      const commits = [
        await db.put('posts/1', { a: 1 }),
        await db.put('posts/1/a', 2),
        await db.post('posts/1/comments', {}),
        await db.delete('posts'),
      ]
      await reader.until(5)
      expect(reader.batches.flatMap((batch) => batch.changes)).toEqual(commits.flatMap((commit) => commit.changes))
    })
  })

  law(subject, 'CH9 a batch holds whole commits, and its cursor is that of none in the middle', async ({ db }) => {
    for (let i = 0; i < 200; i++) await db.transact([1, 2, 3].map((n) => ({ kind: 'put', path: `a/${n}`, value: i })))
    await following(db, ['*'], { start: 'BEGINNING' }, async (reader) => {
      await reader.upToDate()
      for (const batch of reader.batches) {
        expect(batch.changes.length % 3).toBe(0)
        expect(new Set(batch.changes.map(({ commit }) => commit)).size).toBe(batch.changes.length / 3)
        if (batch.changes.length > 0) expect(batch.cursor).toBe(batch.changes.at(-1)?.cursor)
      }
      expect(reader.batches.flatMap(summary)).toHaveLength(600)
      expect(reader.batches.map(({ upToDate }) => upToDate)).toEqual(
        reader.batches.map((_, i) => i === reader.batches.length - 1),
      )
    })
  })

  law(subject, 'CH10 of a commit that matches in part, the part that matches is delivered', async ({ db }) => {
    await plant(db)
    expect(await backlog(db, ['a'], { start: 'BEGINNING' })).toEqual([
      'NEW a/1@1',
      'NEW a/2@1',
      'NEW a/3@1',
      'DELETE a/1@2',
      'UPDATE a/2@2',
    ])
    expect(await backlog(db, ['a/2', 'b', 'a/2'], { start: 'BEGINNING' })).toEqual([
      'NEW a/2@1',
      'NEW b/1@1',
      'UPDATE b/1@2',
      'UPDATE a/2@2',
    ])
    expect(await backlog(db, ['*'], { start: 'BEGINNING', types: ['UPDATE', 'DELETE'] })).toEqual([
      'UPDATE b/1@2',
      'DELETE a/1@2',
      'UPDATE a/2@2',
    ])
  })
}

function patterns(subject: DatabaseSubject): void {
  law(
    subject,
    'CH11 a pattern matches what it names and everything below, and * stands for one segment',
    async ({ db }) => {
      await db.put('posts/1', {})
      await db.post('posts/1/comments', {}, { id: 'c1' })
      await db.post('posts/1/comments', {}, { id: 'c2' })
      await db.post('posts/1/comments/c1/replies', {}, { id: 'r1' })
      await db.put('posts/2', {})
      const paths = async (...asked: string[]): Promise<readonly string[]> =>
        (await backlog(db, asked, { start: 'BEGINNING' })).map((change) => change.replace(/^NEW (.*)@1$/, '$1'))
      const comments = ['posts/1/comments/c1', 'posts/1/comments/c2', 'posts/1/comments/c1/replies/r1']
      expect(await paths('posts')).toEqual(['posts/1', ...comments, 'posts/2'])
      expect(await paths('*')).toEqual(['posts/1', ...comments, 'posts/2'])
      expect(await paths('posts/*')).toEqual(['posts/1', ...comments, 'posts/2'])
      expect(await paths('posts/1')).toEqual(['posts/1', ...comments])
      expect(await paths('posts/*/comments')).toEqual(comments)
      expect(await paths('posts/*/comments/c1')).toEqual([comments[0], comments[2]])
      expect(await paths('*/*/*/*/replies')).toEqual([comments[2]])
      expect(await paths('post')).toEqual([])
      expect(await paths('posts/2', 'posts/*/comments/c2')).toEqual(['posts/1/comments/c2', 'posts/2'])
    },
  )
}

function fieldPatterns(subject: DatabaseSubject): void {
  law(
    subject,
    'CH12 a pattern that goes on inside a document matches the changes that changed that field',
    async ({ db }) => {
      await db.put('posts/1', { likes: 1, meta: { by: 'ann' }, tags: ['x', 'y'] })
      await db.put('posts/1/likes', 2)
      await db.put('posts/1/title', 'a')
      await db.patch('posts/1', { merge: { meta: { by: 'bob' } } })
      await db.put('posts/1', { likes: 2, meta: { by: 'bob' }, tags: ['x', 'y', 'z'] })
      await db.delete('posts/1/meta')
      await db.put('posts/2', { title: 'no likes' })
      await db.delete('posts/1')
      const versions = async (pattern: string): Promise<readonly string[]> =>
        (await backlog(db, [pattern], { start: 'BEGINNING' })).map((change) => change.slice(change.indexOf('/') + 1))
      expect(await versions('posts/1/likes')).toEqual(['1@1', '1@2', '1@7'])
      expect(await versions('posts/*/likes')).toEqual(['1@1', '1@2', '1@7'])
      expect(await versions('posts/1/meta')).toEqual(['1@1', '1@4', '1@6'])
      expect(await versions('posts/1/meta/by')).toEqual(['1@1', '1@4', '1@6'])
      expect(await versions('posts/1/meta/*')).toEqual(['1@1', '1@4', '1@6'])
      expect(await versions('posts/1/tags/2')).toEqual(['1@5', '1@7'])
      expect(await versions('posts/*/title')).toEqual(['1@3', '1@5', '2@1'])
      expect(await versions('posts/1/none')).toEqual([])
    },
  )
}

function badPatterns(subject: DatabaseSubject): void {
  law(subject, 'CH13 **, a*b and other parts of a segment are INVALID_PATH, in changes and in log', async ({ db }) => {
    for (const pattern of ['**', 'posts/**', 'a*b', 'posts/*a', 'posts/1*/comments']) {
      expect(await refusal(db.log([pattern]))).toEqual({ code: 'INVALID_PATH', path: pattern })
      expect(await refusal((async () => db.changes([pattern]).next())())).toEqual({
        code: 'INVALID_PATH',
        path: pattern,
      })
    }
  })

  law(
    subject,
    'CH14 more than 32 patterns are TOO_LARGE, none is BAD_REQUEST, in changes and in log',
    async ({ db }) => {
      const many = Array.from({ length: 33 }, (_, i) => `posts/${i}`)
      for (const read of [(paths: string[]) => db.log(paths), async (paths: string[]) => db.changes(paths).next()]) {
        expect(await refusal(read(many))).toEqual({ code: 'TOO_LARGE', limit: 'patterns', max: 32 })
        expect((await refusal(read([]))).code).toBe('BAD_REQUEST')
        await read(many.slice(0, 32))
      }
    },
  )
}
