import { describe, expect } from 'vitest'
import type { Change, ChangeBatch, Database, DocumentPage, Op } from '../../../src/core/database.ts'
import type { PageOptions } from '../../../src/core/database/options.ts'
import { following, law, wholeLog, type DatabaseSubject, type Fixture } from './subject.ts'

const tell = (page: DocumentPage): readonly string[] => page.edges.map(({ node }) => `${node.path}@${node.version}`)

type Read = (options: PageOptions) => Promise<DocumentPage>

interface Walked {
  readonly rows: readonly string[]
  /** The pages in the order of reading. */
  readonly pages: readonly DocumentPage[]
}

async function forwards(read: Read, after?: string, size = 2): Promise<Walked> {
  const pages: DocumentPage[] = []
  for (let from = after; ;) {
    const page = await read({ first: size, after: from })
    pages.push(page)
    if (!page.hasNextPage) return { rows: pages.flatMap(tell), pages }
    expect([typeof page.endCursor, page.endCursor === from]).toEqual(['string', false])
    from = page.endCursor ?? ''
  }
}

async function backwards(read: Read, size = 2): Promise<Walked> {
  const pages: DocumentPage[] = []
  for (let from: string | undefined; ;) {
    const page = await read({ last: size, before: from })
    pages.push(page)
    if (!page.hasPreviousPage) return { rows: pages.toReversed().flatMap(tell), pages }
    expect([typeof page.startCursor, page.startCursor === from]).toEqual(['string', false])
    from = page.startCursor ?? ''
  }
}

/**
 * Pages that end early, and go on from the place they reached, give every row once: in both directions, and turning
 * around at any of these places.
 */
async function expectWhole(read: Read, whole: readonly string[]): Promise<void> {
  const [forward, backward] = [await forwards(read), await backwards(read)]
  expect([forward.rows, backward.rows]).toEqual([whole, whole])
  expect([forward, backward].map(({ pages }) => pages.some(({ edges }) => edges.length < 2))).toEqual([true, true])
  for (const [i, { startCursor, edges }] of backward.pages.slice(0, -1).entries()) {
    const seen = backward.pages
      .slice(0, i + 1)
      .toReversed()
      .flatMap(tell)
    // A full page ends at its first row, one that ended early before it.
    expect((await forwards(read, startCursor ?? '', 100)).rows).toEqual(
      edges[0]?.cursor === startCursor ? seen.slice(1) : seen,
    )
  }
}

function puts(count: number, path: (i: number) => string): readonly Op[] {
  return Array.from({ length: count }, (_, i) => ({ kind: 'put', path: path(i), value: { n: i } }))
}

export function searches(subject: DatabaseSubject): void {
  describe('searches', () => {
    ofDocuments(subject)
    ofHistories(subject)
    ofActors(subject)
    ofFeeds(subject)
  })
}

function ofDocuments(subject: DatabaseSubject): void {
  const id = (i: number): string => String(i).padStart(3, '0')

  law(
    subject,
    'SE1 a page of rare matches ends early, even without one, and goes on from the place it reached',
    async ({ db }) => {
      await db.transact(puts(90, (i) => `a/${id(i)}`))
      const where = 'value.n in [5, 6, 44, 89]'
      const whole = [5, 6, 44, 89].map((i) => `a/${id(i)}@1`)
      await expectWhole((options) => db.documents('a', { where, ...options }), whole)
      const empty = await db.documents('a', { where: 'value.n > 100' })
      expect([empty.edges, empty.hasNextPage, empty.endCursor, empty.startCursor === empty.endCursor]).toEqual([
        [],
        true,
        expect.any(String),
        true,
      ])
      // The place is of a document that does not match; another list of the same collection may go on from it, too.
      expect(tell(await db.documents('a', { first: 1, after: empty.endCursor ?? '' }))).toEqual([`a/${id(20)}@1`])
    },
    { searchedDocuments: 20 },
  )

  law(
    subject,
    'SE2 a page of the past ends early among what was deleted before and what came later, and goes on',
    async ({ db }) => {
      await db.transact(puts(90, (i) => `a/${id(i)}`))
      const gone = Array.from({ length: 90 }, (_, i) => i).filter((i) => i % 30 !== 7)
      const { cursor } = await db.transact(gone.map((i): Op => ({ kind: 'delete', path: `a/${id(i)}` })))
      // More commits than a store may undo one by one.
      for (let i = 0; i < 70; i++) {
        await db.post('a/007/notes', i, { id: 'n' })
        await db.delete('a/007/notes/n')
      }
      await db.transact(puts(90, (i) => `a/${id(i)}x`))
      await expectWhole(
        (options) => db.documents('a', { ...options, asOf: { cursor } }),
        ['a/007@1', 'a/037@1', 'a/067@1'],
      )
      expect(await db.get('a', { asOf: { cursor } })).toHaveLength(3)
    },
    { searchedDocuments: 20 },
  )
}

function ofHistories(subject: DatabaseSubject): void {
  law(
    subject,
    'SE3 the history of a nested collection ends early among the commits of others, and goes on',
    async ({ db }) => {
      await plantNested(db)
      for (let i = 0; i < 70; i++) await db.put(i % 17 === 3 ? `posts/1/many/${i}` : 'posts/2', i)
      await db.delete('posts/1/many/3')
      const whole = await versionsIn(db, 'posts/1/many')
      const read: Read = (options) => db.history('posts/1/many', options)
      await expectWhole((options) => read({ ...options, first: options.first && 40, last: options.last && 40 }), whole)
      const quiet: Read = (options) => db.history('none', options)
      expect([(await forwards(quiet)).rows, (await backwards(quiet)).rows]).toEqual([[], []])
    },
    { searchedCommits: 10 },
  )

  law(
    subject,
    'SE4 the history of a field ends early among versions that did not touch it, and goes on',
    async ({ db }) => {
      await db.put('posts/1', { title: 'a', n: 0 })
      for (let i = 1; i < 60; i++) await db.put(i % 19 === 7 ? 'posts/1/title' : 'posts/1/n', `${i}`)
      await db.put('posts/1/title', '45')
      const whole = [1, 8, 27, 46].map((version) => `posts/1@${version}`)
      await expectWhole((options) => db.history('posts/1/title', options), whole)
    },
    { searchedCommits: 10 },
  )
}

/** Writes of ann elsewhere between those of bob, and three of ann among them, which are returned. */
async function plantActors({ db, as }: Fixture): Promise<readonly string[]> {
  const written: string[] = []
  await db.transact(puts(300, (i) => `many/${i}`))
  await db.put('many/1', { n: 0, title: '' })
  for (let i = 0; i < 45; i++) {
    if (i % 17 === 5) written.push(...texts((await as('ann').put('many/1/title', `${i}`)).changes))
    await as('bob').put('many/1/n', i)
    await as('ann').put('other/1', i)
  }
  return written
}

const texts = (changes: readonly Change[]): readonly string[] =>
  changes.map(({ path, document }) => `${path}@${document.version}`)

function ofActors(subject: DatabaseSubject): void {
  law(
    subject,
    'SE6 the history by an actor ends early among what others wrote and the same actor elsewhere, and goes on',
    async (fixture) => {
      const whole = await plantActors(fixture)
      expect(whole).toHaveLength(3)
      for (const path of ['many', 'many/1', 'many/1/title']) {
        await expectWhole((options) => fixture.db.history(path, { ...options, actor: 'ann' }), whole)
      }
    },
    { searchedCommits: 10 },
  )

  law(
    subject,
    'SE7 the log of an actor below a path ends early, even without a change, and goes on from either end',
    async (fixture) => {
      const whole = await plantActors(fixture)
      const options = { actor: 'ann', types: ['UPDATE'] as const }
      const [forward, backward]: [ChangeBatch[], ChangeBatch[]] = [[], []]
      for (let [after, more]: [string | undefined, boolean] = [undefined, true]; more;) {
        const page: ChangeBatch = await fixture.db.log(['many'], { ...options, first: 2, after })
        forward.push(page)
        expect(page.pageInfo?.endCursor).not.toBe(after)
        ;[after, more] = [page.pageInfo?.endCursor, page.pageInfo?.hasNextPage === true]
      }
      for (let [before, more]: [string | undefined, boolean] = [undefined, true]; more;) {
        const page: ChangeBatch = await fixture.db.log(['many'], { ...options, last: 2, before })
        backward.unshift(page)
        expect(page.pageInfo?.startCursor).not.toBe(before)
        ;[before, more] = [page.pageInfo?.startCursor ?? undefined, page.pageInfo?.hasPreviousPage === true]
      }
      const found = [forward, backward].map((pages) => texts(pages.flatMap(({ changes }) => changes)))
      expect(found).toEqual([whole, whole])
      const isEmpty = ({ changes }: ChangeBatch): boolean => changes.length === 0
      expect([forward.some(isEmpty), backward.some(isEmpty)]).toEqual([true, true])
    },
    { searchedCommits: 10 },
  )
}

/** More documents in a nested collection than a store may follow one by one. */
async function plantNested(db: Database): Promise<void> {
  await db.put('posts/1', { title: '' })
  await db.post('posts/1/many', { n: 0 }, { id: '0' })
  await db.transact(puts(300, (i) => `posts/1/many/${i}`))
}

/** Versions in and below a collection, by the log. */
async function versionsIn(db: Database, collection: string): Promise<readonly string[]> {
  return (await wholeLog(db, [collection])).map((change) => change.split(' ')[1] ?? '')
}

function ofFeeds(subject: DatabaseSubject): void {
  law(
    subject,
    'SE5 changes with last begins with fewer where it has looked back far',
    async ({ db }) => {
      await plantNested(db)
      for (let i = 0; i < 30; i++) await db.put(i === 25 ? 'posts/1/many/25' : 'posts/2', i)
      const first = async (last: number): Promise<readonly string[]> => {
        const seen: string[] = []
        await following(db, ['posts/1/many'], { last }, async (reader) => void seen.push(...(await reader.upToDate())))
        return seen
      }
      expect([await first(1), await first(2), await first(100)]).toEqual(Array(3).fill(['UPDATE posts/1/many/25@2']))
    },
    { lastCommits: 10 },
  )
}
