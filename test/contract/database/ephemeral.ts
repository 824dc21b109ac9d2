import { describe, expect } from 'vitest'
import type { ChangeBatch, Database } from '../../../src/core/database.ts'
import type { FeedOptions } from '../../../src/core/database/options.ts'
import type { Json } from '../../../src/core/json/json.ts'
import { inLog } from '../../support/writers/history-run.ts'
import {
  following,
  law,
  readerOf,
  refusal,
  START,
  summary,
  timestamp,
  wholeLog,
  type DatabaseSubject,
  type Reader,
} from './subject.ts'

const EPHEMERAL = { ephemeral: true } as const

/** Follows patterns by `live` while `run` runs. */
async function living(
  db: Database,
  paths: readonly string[],
  options: FeedOptions,
  run: (reader: Reader) => Promise<void>,
): Promise<void> {
  const feed = db.live(paths, options)
  try {
    await run(readerOf(feed))
  } finally {
    await feed.return?.()
  }
}

/** Documents with a nested collection, a declared one, a field, and no object. */
async function plant(db: Database): Promise<void> {
  await db.put('posts/1', { title: 'Tides', comments: [], text: 'x' })
  await db.put('posts/2', 7)
}

export function ephemeral(subject: DatabaseSubject): void {
  describe('an ephemeral post', () => {
    answers(subject)
    refusals(subject)
    deliveries(subject)
    shapes(subject)
    cursors(subject)
  })
}

function answers(subject: DatabaseSubject): void {
  law(subject, 'EP1 answers with one NEW without a place in the log, of a document at version 0', async ({ db }) => {
    const { cursor } = await db.put('other/1', 1)
    const committed = await db.post('typing', { who: 'ann' }, { ...EPHEMERAL, id: 'a' })
    expect(committed).toMatchObject({
      cursor,
      at: timestamp(START),
      repeated: false,
      id: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{26}$/) as string,
    })
    expect(committed.changes).toEqual([
      {
        type: 'NEW',
        reason: 'WRITE',
        path: 'typing/a',
        before: null,
        fields: [],
        commit: committed.id,
        cursor: null,
        at: timestamp(START),
        document: {
          path: 'typing/a',
          id: 'a',
          version: 0,
          value: { who: 'ann' },
          deleted: false,
          actor: committed.actor,
          createdAt: timestamp(START),
          updatedAt: timestamp(START),
          cursor,
          asOf: cursor,
        },
      },
    ])
  })

  law(subject, 'EP2 without an id gets a fresh one, another each time', async ({ db }) => {
    const posts = await Promise.all(Array.from({ length: 20 }, () => db.post('typing', 1, EPHEMERAL)))
    expect(new Set(posts.flatMap(({ id, changes }) => [id, ...changes.map(({ document }) => document.id)])).size).toBe(
      40,
    )
  })

  law(subject, 'EP3 is found by no read, and leaves no trace in the log', async ({ db }) => {
    const first = await db.put('posts/1', { comments: [] })
    await db.post('posts', 1, { ...EPHEMERAL, id: '2' })
    await db.post('posts/1/comments', 1, { ...EPHEMERAL, id: 'c' })
    expect(await db.get('posts/2')).toBeNull()
    expect(await db.document('posts/2')).toBeNull()
    expect(await db.get('posts/1')).toEqual({ comments: [] })
    expect((await db.documents('posts')).edges.map(({ node }) => node.path)).toEqual(['posts/1'])
    for (const path of ['posts/2', 'posts/1/comments/c']) expect((await db.history(path)).edges).toEqual([])
    expect(await db.log(['*'], { after: first.cursor })).toMatchObject({
      changes: [],
      cursor: first.cursor,
      upToDate: true,
    })
    await following(db, ['*'], { last: 10 }, async (reader) => {
      expect(await reader.upToDate()).toEqual(['NEW posts/1@1'])
    })
  })

  law(
    subject,
    'EP4 leaves its path without a meaning: its id and the name of its collection stay free',
    async ({ db }) => {
      await db.put('posts/1', {})
      await db.post('posts/1/comments', 1, { ...EPHEMERAL, id: 'c' })
      await db.put('posts/1', { comments: { c: 'a field' } })
      expect(await db.get('posts/1/comments/c')).toBe('a field')
      await db.post('posts', 1, { ...EPHEMERAL, id: '2' })
      expect(summary(await db.post('posts', 1, { id: '2' }))).toEqual(['NEW posts/2@1'])
      expect(await wholeLog(db)).toEqual(['NEW posts/1@1', 'UPDATE posts/1@2', 'NEW posts/2@1'])
    },
  )
}

function refusals(subject: DatabaseSubject): void {
  const deep = (levels: number): Json => (levels === 1 ? [] : [deep(levels - 1)])
  const REFUSED: readonly (readonly [path: string, value: Json, id?: string])[] = [
    ['posts', 1, '1'],
    ['posts/1', 1],
    ['posts', 1, 'a/b'],
    ['_own', 1],
    ['posts/', 1],
    ['posts/9/comments', 1],
    ['posts/1/text', 1],
    ['posts/2/comments', 1],
    ['posts', 'x'.repeat(2_000)],
    ['posts', deep(65)],
    ['posts', 2 ** 60],
    ['posts', 1, '..'],
  ]

  law(
    subject,
    'EP5 is refused as the same post would be',
    async ({ db }) => {
      await plant(db)
      const codes: string[] = []
      for (const [path, value, id] of REFUSED) {
        const refused = await refusal(db.post(path, value, { id }))
        expect(await refusal(db.post(path, value, { id, ...EPHEMERAL }))).toEqual(refused)
        codes.push(refused.code)
      }
      expect(new Set(codes)).toEqual(
        new Set(['EXISTS', 'INVALID_PATH', 'NOT_FOUND', 'NAME_TAKEN', 'TOO_LARGE', 'INVALID_VALUE']),
      )
    },
    { valueBytes: 1_000 },
  )

  law(subject, 'EP6 takes no key, for nothing is kept by which a repetition could be known', async ({ db }) => {
    expect(await refusal(db.post('typing', 1, { ...EPHEMERAL, key: 'k' }))).toEqual({
      code: 'BAD_REQUEST',
      argument: 'key',
    })
    expect(await db.post('typing', 1, { key: 'k' })).toMatchObject({ id: 'k', repeated: false })
  })

  law(
    subject,
    'EP7 takes the id of a document that was deleted, and a parent that was posted a moment ago',
    async ({ db }) => {
      await plant(db)
      await db.delete('posts/2')
      expect(summary(await db.post('posts', 1, { ...EPHEMERAL, id: '2' }))).toEqual(['NEW posts/2@0'])
      expect(summary(await db.post('posts/1/comments', 1, { ...EPHEMERAL, id: 'c' }))).toEqual([
        'NEW posts/1/comments/c@0',
      ])
      await db.post('posts', {}, { id: '3' })
      expect(summary(await db.post('posts/3/comments', 1, { ...EPHEMERAL, id: 'c' }))).toEqual([
        'NEW posts/3/comments/c@0',
      ])
    },
  )
}

function deliveries(subject: DatabaseSubject): void {
  law(subject, 'EP8 reaches the live readers of changes and of live, as a batch of its own', async ({ db }) => {
    const { cursor } = await db.put('posts/1', 1)
    await following(db, ['typing'], {}, async (changes) => {
      await changes.upToDate()
      await living(db, ['typing'], {}, async (live) => {
        await live.upToDate()
        for (let i = 0; i < 3; i++) {
          const {
            changes: [change],
          } = await db.post('typing', i, EPHEMERAL)
          const batch = { changes: [change], cursor, upToDate: true, reset: null }
          expect(await changes.next()).toEqual(batch)
          expect(inLog(await live.next())).toEqual(batch)
        }
      })
    })
  })

  law(
    subject,
    'EP9 reaches a reader that was told it is up to date and has not pulled since, once, in order',
    async ({ db }) => {
      await following(db, ['*'], {}, async (reader) => {
        await reader.upToDate()
        for (let i = 0; i < 5; i++) await db.post('typing', i, { ...EPHEMERAL, id: String(i) })
        const seen = ['NEW typing/0@0', 'NEW typing/1@0', 'NEW typing/2@0', 'NEW typing/3@0', 'NEW typing/4@0']
        expect(await reader.until(5)).toEqual(seen)
        await db.put('posts/1', 1)
        expect(await reader.until(6)).toEqual([...seen, 'NEW posts/1@1'])
      })
    },
  )

  law(subject, 'EP10 does not reach a reader that is catching up, or comes later', async ({ db }) => {
    await db.put('posts/1', 1)
    await following(db, ['*'], { start: 'BEGINNING' }, async (behind) => {
      await living(db, ['*'], {}, async (snapshot) => {
        await db.post('posts', 1, { ...EPHEMERAL, id: 'e' })
        expect(await behind.upToDate()).toEqual(['NEW posts/1@1'])
        expect(await snapshot.upToDate()).toEqual(['NEW posts/1@1'])
        await db.post('posts', 1, { ...EPHEMERAL, id: 'later' })
        for (const reader of [behind, snapshot]) {
          expect(await reader.until(2)).toEqual(['NEW posts/1@1', 'NEW posts/later@0'])
        }
      })
    })
  })

  law(subject, 'EP11 does not reach who watches a value', async ({ db }) => {
    const watching = db.watch('posts')
    expect(await watching.next()).toEqual({ done: false, value: { value: [] } })
    const next = watching.next()
    await db.post('posts', 1, EPHEMERAL)
    await db.put('posts/1', 2)
    const { value } = (await next) as IteratorYieldResult<{ readonly value: Json }>
    expect(value.value).toMatchObject([{ id: '1', value: 2 }])
    await watching.return?.()
  })

  law(subject, 'EP12 counts for limit', async ({ db }) => {
    await following(db, ['*'], { limit: 3 }, async (reader) => {
      await reader.upToDate()
      await db.post('typing', 0, { ...EPHEMERAL, id: '0' })
      expect(await reader.until(1)).toEqual(['NEW typing/0@0'])
      await db.put('posts/1', 1)
      await reader.until(2)
      for (const id of ['1', '2', '3']) await db.post('typing', 0, { ...EPHEMERAL, id })
      expect(await reader.rest()).toEqual(['NEW typing/0@0', 'NEW posts/1@1', 'NEW typing/1@0'])
    })
  })
}

function shapes(subject: DatabaseSubject): void {
  const POSTS: readonly (readonly [collection: string, value: Json])[] = [
    ['typing', { room: 'a', n: 1 }],
    ['typing', { room: 'b', n: 2 }],
    ['other', { room: 'a', n: 3 }],
    ['typing', { room: 'a', n: 4 }],
  ]

  law(subject, 'EP13 reaches those only whose shape it matches, as the shape shows it', async ({ db }) => {
    const cases = [
      [['typing'], {}, [1, 2, 4]],
      [['typing', 'typing/*', '*'], {}, [1, 2, 3, 4]],
      [['typing'], { where: 'value.room == params.room', params: { room: 'a' } }, [1, 4]],
      [['*'], { where: 'value.n > 2' }, [3, 4]],
      [['*'], { where: 'path.startsWith("other")', columns: ['n'] }, [3]],
    ] as const
    for (const [paths, options, expected] of cases) {
      for (const open of [following, living]) {
        await open(db, paths, options, async (reader) => {
          await reader.upToDate()
          for (const [collection, value] of POSTS) await db.post(collection, value, EPHEMERAL)
          await reader.until(expected.length)
          const values = reader.batches.flatMap(({ changes }) => changes.map(({ document }) => document.value))
          expect(values).toEqual(expected.map((n) => ('columns' in options ? { n } : POSTS[n - 1]?.[1])))
          await expectNothingMore(db, reader)
        })
      }
    }
  })

  law(subject, 'EP14 is a NEW for types, and goes on inside what a pattern names', async ({ db }) => {
    const seen = async (paths: readonly string[], types?: readonly ['NEW' | 'UPDATE']): Promise<readonly string[]> => {
      let told: readonly string[] = []
      await following(db, paths, { types, heartbeatMs: 100 }, async (reader) => {
        await reader.upToDate()
        await db.post('typing', { who: 'ann' }, { ...EPHEMERAL, id: 'a' })
        await reader.next()
        told = reader.batches.flatMap(summary)
      })
      return told
    }
    expect(await seen(['typing'], ['NEW'])).toEqual(['NEW typing/a@0'])
    expect(await seen(['typing'], ['UPDATE'])).toEqual([])
    expect(await seen(['typing/a/who'])).toEqual(['NEW typing/a@0'])
    expect(await seen(['typing/a/where'])).toEqual([])
  })
}

/** Whatever may come of what was posted before has come: a mark that every reader here gets comes next. */
async function expectNothingMore(db: Database, reader: Reader): Promise<void> {
  const before = reader.batches.flatMap(({ changes }) => changes).length
  await db.post('typing', { room: 'a', n: 99 }, EPHEMERAL)
  await db.post('other', { room: 'a', n: 99 }, EPHEMERAL)
  await reader.until(before + 1)
  const [next] = reader.batches.flatMap(({ changes }) => changes).slice(before)
  expect(next?.document.value).toMatchObject({ n: 99 })
}

function cursors(subject: DatabaseSubject): void {
  law(
    subject,
    'EP15 never moves a cursor past what was not delivered: resuming from any batch gives every commit once',
    async ({ db }) => {
      const feed = db.changes(['posts'])
      const reader = readerOf(feed)
      await reader.next()
      const write = async (): Promise<void> => {
        for (let i = 0; i < 60; i++) await (i % 3 === 0 ? db.put(`elsewhere/${i}`, i) : db.put(`posts/${i % 7}`, i))
      }
      const type = async (): Promise<void> => {
        for (let i = 0; i < 60; i++) await db.post('posts', i, EPHEMERAL)
      }
      await Promise.all([write(), type()])
      const { cursor } = await db.put('posts/end', 1)
      while (!isAfter(reader, 'posts/end')) await reader.next()
      await feed.return?.()
      const whole = await wholeLog(db, ['posts'])
      expect(reader.batches.flatMap(stored)).toEqual(whole)
      for (const [i, batch] of reader.batches.entries()) {
        const rest = await db.log(['posts'], { after: batch.cursor, first: 1_000 })
        expect([...reader.batches.slice(0, i + 1).flatMap(stored), ...summary(rest)]).toEqual(whole)
        expect(rest.cursor).toBe(cursor)
      }
    },
  )

  law(subject, 'EP16 comes in a batch without commits', async ({ db }) => {
    await following(db, ['*'], {}, async (reader) => {
      await reader.next()
      for (let i = 0; i < 30; i++) await Promise.all([db.put('posts/1', i), db.post('typing', i, EPHEMERAL)])
      await db.put('posts/end', 1)
      while (!isAfter(reader, 'posts/end')) await reader.next()
      const kinds = reader.batches.map(({ changes }) => new Set(changes.map(({ cursor }) => cursor === null)).size)
      expect(Math.max(...kinds)).toBe(1)
    })
  })
}

/** The changes that a client keeps. */
function stored({ changes }: ChangeBatch): readonly string[] {
  return summary({ changes: changes.filter(({ cursor }) => cursor !== null) })
}

function isAfter({ batches }: Reader, path: string): boolean {
  return batches.at(-1)?.changes.some((change) => change.path === path) === true
}
