import fc from 'fast-check'
import { describe, expect } from 'vitest'
import type { Database, DocumentPage } from '../../../src/core/database.ts'
import type { PageOptions } from '../../../src/core/database/options.ts'
import { expectPage, walk, type Ask, type Paged } from './pages.ts'
import { law, refusal, type DatabaseSubject } from './subject.ts'

const idsOf = (page: DocumentPage): readonly string[] => page.edges.map(({ node }) => node.id)

/** Ids whose order by code point is neither that of UTF-16 units nor any language's. */
const IDS = [
  'a',
  'b',
  'B',
  'aa',
  'a b',
  'a-b',
  'é',
  'z',
  'Z',
  '1',
  '10',
  '2',
  '😀',
  '\uffee',
  '豈',
  '-',
  '~',
  'a0',
  '01',
  '_',
  'ab',
]

/** Order by Unicode code point. */
function inOrder(ids: readonly string[]): readonly string[] {
  return ids.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

async function plant(db: Database, ids: readonly string[]): Promise<Paged> {
  await db.put('letters/x', { items: [] })
  await db.transact(ids.map((id) => ({ kind: 'put', path: `letters/x/items/${id}`, value: { id } })))
  const read = (options: PageOptions): Promise<DocumentPage> => db.documents('letters/x/items', options)
  const { edges } = await read({ first: 1_000 })
  return { whole: inOrder(ids), cursors: edges.map(({ cursor }) => cursor), read, tell: idsOf }
}

const asks = (size: number): fc.Arbitrary<Ask> => {
  const place = fc.option(fc.nat({ max: size - 1 }), { nil: undefined })
  const bounds = fc.record({ after: place, before: place })
  const amounts = fc.integer({ min: 1, max: size + 2 })
  const count = fc.oneof(
    fc.constant({}),
    amounts.map((first) => ({ first })),
    amounts.map((last) => ({ last })),
  )
  return fc.tuple(bounds, count).map(([bound, amount]) => ({ ...bound, ...amount }))
}

export function documents(subject: DatabaseSubject): void {
  describe('documents', () => {
    order(subject)
    contents(subject)
    arguments_(subject)
  })
}

function order(subject: DatabaseSubject): void {
  law(subject, 'DO1 every page is a part of the plain sorted list, whatever is asked', async ({ db }) => {
    const paged = await plant(db, IDS)
    expect(paged.cursors).toHaveLength(IDS.length)
    await fc.assert(
      fc.asyncProperty(asks(IDS.length), (ask) => expectPage(paged, ask, 'first')),
      { numRuns: 150 },
    )
  })

  law(subject, 'DO2 pages of any size, from the front or the back, give every document once', async ({ db }) => {
    const paged = await plant(db, IDS)
    for (const size of [1, 2, 7, IDS.length, 100]) {
      expect(await walk(paged, size)).toEqual({ forward: paged.whole, backward: paged.whole })
    }
  })

  law(subject, 'DO3 without an amount a page has 100 documents', async ({ db }) => {
    await db.transact(
      Array.from({ length: 120 }, (_, i) => ({ kind: 'put', path: `many/${String(i).padStart(3, '0')}`, value: i })),
    )
    const page = await db.documents('many')
    expect(page.edges).toHaveLength(100)
    expect(page.hasNextPage).toBe(true)
    expect(page.edges[0]?.node.value).toBe(0)
    const before = await db.documents('many', { last: 30, before: page.edges[50]?.cursor })
    expect(before.edges.map(({ node }) => node.value)).toEqual(Array.from({ length: 30 }, (_, i) => i + 20))
  })

  law(
    subject,
    'DO4 a page that would be larger than an answer may be is shorter, and says that there is more',
    async ({ db }) => {
      for (let i = 0; i < 6; i++) await db.put(`posts/${i}`, 'x'.repeat(300))
      const page = await db.documents('posts')
      expect(page.edges.length).toBeGreaterThan(0)
      expect(page.edges.length).toBeLessThan(6)
      expect(page.hasNextPage).toBe(true)
      const whole = ['0', '1', '2', '3', '4', '5']
      expect(await walk({ read: (options) => db.documents('posts', options), tell: idsOf }, 100)).toEqual({
        forward: whole,
        backward: whole,
      })
    },
    { pageBytes: 700 },
  )
}

function contents(subject: DatabaseSubject): void {
  law(subject, 'DO5 a collection lists its own living documents, with their stored values', async ({ db }) => {
    await db.put('posts/1', { comments: [] })
    await db.put('posts/1/comments/c', {})
    await db.put('posts/2', 2)
    await db.put('posts/3', 3)
    await db.delete('posts/2')
    const page = await db.documents('posts')
    expect(page.edges.map(({ node }) => node)).toEqual([await db.document('posts/1'), await db.document('posts/3')])
    expect(page).toMatchObject({ hasNextPage: false, hasPreviousPage: false })
    expect(idsOf(await db.documents('posts/1/comments'))).toEqual(['c'])
  })

  law(subject, 'DO6 a page tells what it is a picture of, and reading on as of it stays in it', async ({ db }) => {
    const paged = await plant(db, ['a', 'b', 'c', 'd'])
    const page = await paged.read({ first: 2 })
    await db.put('letters/x/items/bb', {})
    await db.delete('letters/x/items/c')
    const rest = await db.documents('letters/x/items', {
      first: 10,
      after: page.edges.at(-1)?.cursor,
      asOf: { cursor: page.cursor },
    })
    expect(idsOf(rest)).toEqual(['c', 'd'])
    expect(rest.cursor).toBe(page.cursor)
  })

  law(subject, 'DO7 page cursors go on working when their documents are deleted', async ({ db }) => {
    const paged = await plant(db, ['a', 'b', 'c', 'd'])
    await db.delete('letters/x/items/b')
    expect(idsOf(await paged.read({ after: paged.cursors[1] }))).toEqual(['c', 'd'])
    expect(idsOf(await paged.read({ before: paged.cursors[1], last: 5 }))).toEqual(['a'])
  })
}

function arguments_(subject: DatabaseSubject): void {
  law(subject, 'DO8 a page of less than 1 is BAD_REQUEST, of more than 1,000 TOO_LARGE', async ({ db }) => {
    const reads = [
      (options: PageOptions) => db.documents('posts', options),
      (options: PageOptions) => db.history('posts', options),
    ]
    for (const read of reads) {
      for (const count of [0, -1, 1.5, Number.NaN]) {
        expect(await refusal(read({ first: count }))).toEqual({ code: 'BAD_REQUEST', argument: 'first' })
        expect(await refusal(read({ last: count }))).toEqual({ code: 'BAD_REQUEST', argument: 'last' })
      }
      expect(await refusal(read({ first: 1_001 }))).toEqual({ code: 'TOO_LARGE', limit: 'pageSize', max: 1_000 })
      expect(await refusal(read({ last: 1_001 }))).toEqual({ code: 'TOO_LARGE', limit: 'pageSize', max: 1_000 })
      expect((await read({ first: 1_000 })).edges).toEqual([])
    }
  })

  law(subject, 'DO9 what is no page cursor is refused, never taken for the beginning', async ({ db }) => {
    await db.put('posts/1', 1)
    const ofIds = (id: string): string => Buffer.from(`id:${id}`).toString('base64url')
    for (const text of [
      '',
      'x',
      '!',
      '😀',
      'a/b',
      ofIds('z'.repeat(100_000)),
      ofIds('a/b'),
      ofIds('*'),
      ofIds('\u0000'),
    ]) {
      expect(['BAD_REQUEST', 'CURSOR_UNKNOWN']).toContain((await refusal(db.documents('posts', { after: text }))).code)
      expect(['BAD_REQUEST', 'CURSOR_UNKNOWN']).toContain((await refusal(db.history('posts', { before: text }))).code)
    }
    const [edge] = (await db.history('posts')).edges
    expect((await refusal(db.documents('posts', { after: edge?.cursor }))).code).toBe('BAD_REQUEST')
  })
}
