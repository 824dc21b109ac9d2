import fc from 'fast-check'
import { describe, expect } from 'vitest'
import type { Database, DocumentPage } from '../../../src/core/database.ts'
import type { HistoryOptions } from '../../../src/core/database/options.ts'
import { expectPage, walk } from './pages.ts'
import { law, refusal, START, summary, timestamp, wholeLog, type DatabaseSubject } from './subject.ts'

const tell = (page: DocumentPage): readonly string[] => page.edges.map(({ node }) => `${node.path}@${node.version}`)

/** Versions of a document, one every second. */
async function plant(db: Database, clock: { time: number }, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await db.put('posts/1', { n: i })
    clock.time += 1_000
  }
}

export function histories(subject: DatabaseSubject): void {
  describe('history', () => {
    amounts(subject)
    sizes(subject)
    times(subject)
    scopes(subject)
    authors(subject)
    permanence(subject)
  })
}

function amounts(subject: DatabaseSubject): void {
  law(
    subject,
    'HI1 history is oldest first: last takes the newest, first the oldest, neither the 100 newest',
    async ({ db }) => {
      await db.transact([{ kind: 'put', path: 'other/1', value: 0 }])
      for (let i = 0; i < 103; i++) await db.put('posts/1', i)
      const numbers = async (options: HistoryOptions): Promise<readonly number[]> =>
        (await db.history('posts/1', options)).edges.map(({ node }) => node.version)
      expect(await numbers({ last: 3 })).toEqual([101, 102, 103])
      expect(await numbers({ first: 3 })).toEqual([1, 2, 3])
      expect(await numbers({})).toEqual(Array.from({ length: 100 }, (_, i) => i + 4))
      const page = await db.history('posts/1')
      expect(page).toMatchObject({ hasPreviousPage: true, hasNextPage: false })
      expect(await numbers({ last: 2, before: page.edges[0]?.cursor })).toEqual([2, 3])
      expect(await numbers({ first: 2, after: page.edges[0]?.cursor })).toEqual([5, 6])
    },
  )

  law(
    subject,
    'HI2 every page of a document, a field or a collection is a part of the plain list of versions',
    async ({ db }) => {
      await db.put('posts/1', { n: 0, comments: [] })
      for (let i = 1; i < 9; i++) await db.put('posts/1', i % 3 === 0 ? { n: 7, comments: [] } : { n: i, comments: [] })
      await db.transact([
        { kind: 'put', path: 'posts/2', value: 1 },
        { kind: 'put', path: 'posts/1/comments/c', value: 1 },
        { kind: 'put', path: 'posts/0', value: 1 },
      ])
      await db.delete('posts')
      for (const path of ['posts/1', 'posts/1/n', 'posts']) {
        const read = (options: HistoryOptions): Promise<DocumentPage> => db.history(path, options)
        const { edges } = await read({ first: 1_000 })
        const whole = edges.map(({ node }) => `${node.path}@${node.version}`)
        const paged = { whole, cursors: edges.map(({ cursor }) => cursor), read, tell }
        const place = fc.option(fc.nat({ max: whole.length - 1 }), { nil: undefined })
        const count = fc.option(fc.integer({ min: 1, max: whole.length + 1 }), { nil: undefined })
        const asks = fc.oneof(
          fc.record({ after: place, before: place, first: count }),
          fc.record({ after: place, before: place, last: count }),
        )
        await fc.assert(
          fc.asyncProperty(asks, (ask) => expectPage(paged, ask, 'last')),
          { numRuns: 60 },
        )
        for (const size of [1, 2, 5]) expect(await walk(paged, size)).toEqual({ forward: whole, backward: whole })
      }
    },
  )
}

function sizes(subject: DatabaseSubject): void {
  law(
    subject,
    'HI3 a page that would be larger than an answer may be is shorter, and says that there is more',
    async ({ db }) => {
      for (let i = 0; i < 6; i++) await db.put('posts/1', { text: `${i}`.repeat(300) })
      const whole = Array.from({ length: 6 }, (_, i) => `posts/1@${i + 1}`)
      for (const path of ['posts/1', 'posts/1/text', 'posts']) {
        const page = await db.history(path)
        expect([path, page.edges.length > 0 && page.edges.length < 6, page.hasPreviousPage]).toEqual([path, true, true])
        expect(await walk({ read: (options) => db.history(path, options), tell }, 100)).toEqual({
          forward: whole,
          backward: whole,
        })
      }
    },
    { pageBytes: 700 },
  )
}

function times(subject: DatabaseSubject): void {
  law(subject, 'HI4 from and to are inclusive', async ({ db, clock }) => {
    await plant(db, clock, 6)
    const between = async (from?: number, to?: number, more: HistoryOptions = {}): Promise<readonly number[]> => {
      const at = (millis: number | undefined): string | undefined =>
        millis === undefined ? undefined : timestamp(START + millis)
      const page = await db.history('posts/1', { ...more, from: at(from), to: at(to) })
      return page.edges.map(({ node }) => node.version)
    }
    expect(await between(1_000, 3_000)).toEqual([2, 3, 4])
    expect(await between(1_001, 2_999)).toEqual([3])
    expect(await between(4_000)).toEqual([5, 6])
    expect(await between(undefined, 999)).toEqual([1])
    expect(await between(0, 5_000)).toEqual([1, 2, 3, 4, 5, 6])
    expect(await between(6_000)).toEqual([])
    expect(await between(3_000, 2_000)).toEqual([])
    expect(await between(1_000, 4_000, { first: 2 })).toEqual([2, 3])
    expect(await between(1_000, 4_000, { last: 2 })).toEqual([4, 5])
  })

  law(subject, 'HI5 several versions of one moment are all inside or all outside', async ({ db, clock }) => {
    for (let i = 0; i < 9; i++) {
      await db.put('posts/1', i)
      if (i % 3 === 2) clock.time += 10
    }
    const page = await db.history('posts/1', { from: timestamp(START + 10), to: timestamp(START + 10) })
    expect(page.edges.map(({ node }) => node.version)).toEqual([4, 5, 6])
  })

  law(subject, 'HI6 from and to bound the history of a field and of a collection too', async ({ db, clock }) => {
    await plant(db, clock, 6)
    const range = { from: timestamp(START + 2_000), to: timestamp(START + 4_000) }
    for (const path of ['posts/1/n', 'posts']) {
      expect((await db.history(path, range)).edges.map(({ node }) => node.version)).toEqual([3, 4, 5])
    }
  })

  law(subject, 'HI7 what is no time is BAD_REQUEST, and any offset is one', async ({ db, clock }) => {
    await plant(db, clock, 3)
    for (const text of [
      '',
      'yesterday',
      '2026-01-01',
      '2026-02-30T00:00:00Z',
      '2026-01-01T00:00:00',
      '1767225600000',
    ]) {
      expect(await refusal(db.history('posts/1', { from: text }))).toEqual({ code: 'BAD_REQUEST', argument: 'from' })
      expect(await refusal(db.history('posts/1', { to: text }))).toEqual({ code: 'BAD_REQUEST', argument: 'to' })
    }
    const page = await db.history('posts/1', { from: '2026-01-01T01:00:01+01:00', to: '2025-12-31T23:00:01-01:00' })
    expect(page.edges.map(({ node }) => node.version)).toEqual([2])
  })
}

function scopes(subject: DatabaseSubject): void {
  law(subject, 'HI8 the history of a field has the versions in which it changed', async ({ db }) => {
    await db.put('posts/1', { title: 'a', likes: 0 })
    await db.put('posts/1/likes', 1)
    await db.put('posts/1', { title: 'b', likes: 1 })
    await db.patch('posts/1', { merge: { likes: 2, meta: { x: 1 } } })
    await db.delete('posts/1/title')
    await db.put('posts/1/title', 'b')
    await db.put('posts/1', { title: 'b', likes: 2, meta: { x: 1 } })
    await db.delete('posts/1')
    await db.put('posts/1', { likes: 2 })
    const numbers = async (path: string): Promise<readonly number[]> =>
      (await db.history(path)).edges.map(({ node }) => node.version)
    expect(await numbers('posts/1/title')).toEqual([1, 3, 5, 6, 8])
    expect(await numbers('posts/1/likes')).toEqual([1, 2, 4, 8, 9])
    expect(await numbers('posts/1/meta')).toEqual([4, 8])
    expect(await numbers('posts/1/meta/x')).toEqual([4, 8])
    expect(await numbers('posts/1/never')).toEqual([])
    expect((await db.history('posts/1/title', { last: 2 })).edges.map(({ node }) => node.version)).toEqual([6, 8])
    expect((await db.history('posts/1/title', { first: 2 })).edges.map(({ node }) => node.version)).toEqual([1, 3])
  })

  law(
    subject,
    'HI9 the history of a collection has the versions in and below it, in the order of the log',
    async ({ db }) => {
      await db.put('posts/1', { comments: [] })
      await db.put('notes/1', 1)
      await db.put('posts/1/comments/c', 1)
      await db.put('posts/0', 1)
      await db.put('posts/1/comments/c', 2)
      await db.delete('posts/1')
      const whole = (await wholeLog(db, ['posts'])).map((change) => change.split(' ')[1])
      expect(tell(await db.history('posts'))).toEqual(whole)
      expect(tell(await db.history('posts/1/comments'))).toEqual([
        'posts/1/comments/c@1',
        'posts/1/comments/c@2',
        'posts/1/comments/c@3',
      ])
      expect(tell(await db.history('posts/1'))).toEqual(['posts/1@1', 'posts/1@2'])
    },
  )
}

function authors(subject: DatabaseSubject): void {
  law(
    subject,
    'HI11 with an actor, every page has the versions that this actor wrote, and no others',
    async ({ db, as }) => {
      const writers = [db, as('ann'), as('bob')]
      await as('ann').put('posts/1', { n: 0, comments: [] })
      for (let i = 1; i < 12; i++) {
        const writer = writers[i % 3] ?? db
        await writer.put('posts/1/n', i % 4 === 0 ? i - 1 : i)
        await writer.put(i % 2 === 0 ? 'other/1' : 'posts/1/comments/c', i)
      }
      await as('bob').delete('posts')
      for (const path of ['posts/1', 'posts/1/n', 'posts', 'posts/1/comments', 'none', 'posts/9']) {
        const { edges: all } = await db.history(path, { first: 1_000 })
        for (const actor of ['ann', 'bob', 'eve']) {
          const edges = all.filter(({ node }) => node.actor === actor)
          const whole = edges.map(({ node }) => `${node.path}@${node.version}`)
          const read = (options: HistoryOptions): Promise<DocumentPage> => db.history(path, { ...options, actor })
          expect(tell(await read({}))).toEqual(whole)
          for (const size of [1, 2, 5]) {
            expect(await walk({ read, tell }, size)).toEqual({ forward: whole, backward: whole })
          }
        }
      }
    },
  )
}

function permanence(subject: DatabaseSubject): void {
  law(subject, 'HI10 a version never changes: history gives each as its commit gave it', async ({ db, clock }) => {
    const commits = [await db.put('posts/1', { a: 1 }), await db.put('posts/1/a', { b: [1] })]
    clock.time += 10
    commits.push(
      await db.delete('posts/1'),
      await db.put('posts/1', 'back'),
      await db.patch('posts/1', { merge: { c: 1 } }),
    )
    const written = commits.flatMap(({ changes }) => changes.map(({ document }) => ({ ...document, asOf: '' })))
    const read = async (): Promise<readonly unknown[]> =>
      (await db.history('posts/1')).edges.map(({ node }) => ({ ...node, asOf: '' }))
    expect(await read()).toEqual(written)
    await db.put('posts/1', 'later')
    await db.delete('posts')
    expect((await read()).slice(0, written.length)).toEqual(written)
    expect(commits.flatMap(summary)).toEqual([
      'NEW posts/1@1',
      'UPDATE posts/1@2',
      'DELETE posts/1@3',
      'NEW posts/1@4',
      'UPDATE posts/1@5',
    ])
  })
}
