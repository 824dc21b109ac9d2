import fc from 'fast-check'
import { describe, expect } from 'vitest'
import type { Database, DocumentPage } from '../../../src/core/database.ts'
import type { Cursor, Filter } from '../../../src/core/database/options.ts'
import type { Json } from '../../../src/core/json/json.ts'
import { documentValue, filter } from '../../support/shape/arbitrary.ts'
import { expectPage, walk, type Ask } from './pages.ts'
import { law, readerOf, refusal, type DatabaseSubject, type Refusal } from './subject.ts'

const idsOf = (page: DocumentPage): readonly string[] => page.edges.map(({ node }) => node.id)

/** `a/001`, `a/002` … with these values. */
async function plant(db: Database, values: readonly Json[]): Promise<void> {
  const ops = values.map((value, i) => ({ kind: 'put', path: `a/${String(i + 1).padStart(3, '0')}`, value }) as const)
  for (let i = 0; i < ops.length; i += 500) await db.transact(ops.slice(i, i + 500))
}

/** The same documents in every run. */
const VALUES: readonly Json[] = fc.sample(documentValue, { numRuns: 60, seed: 6 })

/** Every number of which the id is one: 1 to `count`. */
async function plantNumbers(db: Database, count: number): Promise<void> {
  await plant(
    db,
    Array.from({ length: count }, (_, i) => i + 1),
  )
}

export function wheres(subject: DatabaseSubject): void {
  describe('where', () => {
    judgements(subject)
    pages(subject)
    states(subject)
    faults(subject)
    bounds(subject)
  })
}

/** What each of the reads and feeds selects of a collection whose documents were written once. */
async function selections(db: Database, options: Filter): Promise<Readonly<Record<string, readonly string[]>>> {
  const log = await db.log(['a'], { ...options, first: 1_000 })
  const told = async (feed: ReturnType<Database['live']>): Promise<readonly string[]> => {
    const reader = readerOf(feed)
    await reader.upToDate()
    await feed.return?.()
    return reader.batches.flatMap(({ changes }) => changes.map(({ document }) => document.id))
  }
  return {
    documents: idsOf(await db.documents('a', { ...options, first: 1_000 })),
    log: log.changes.map(({ document }) => document.id),
    changes: await told(db.changes(['a'], { ...options, start: 'BEGINNING' })),
    live: await told(db.live(['a'], options)),
  }
}

const SELECTED = ['documents', 'log', 'changes', 'live']

/** The same for each of them. */
function everywhere<T>(value: T): Readonly<Record<string, T>> {
  return Object.fromEntries(SELECTED.map((name) => [name, value]))
}

function judgements(subject: DatabaseSubject): void {
  law(
    subject,
    'WH1 documents, log, changes and live select by an expression what it says in other words',
    async ({ db }) => {
      await plant(db, VALUES)
      const all = (await db.documents('a', { first: 1_000 })).edges.map(({ node }) => node)
      const property = fc.asyncProperty(filter, async ({ holds, ...options }) => {
        expect(await selections(db, options)).toEqual(everywhere(all.filter(holds).map(({ id }) => id)))
      })
      await fc.assert(property, { numRuns: 100 })
    },
  )

  law(subject, 'WH2 an expression sees the value, the path, the id and the params', async ({ db }) => {
    await plantNumbers(db, 9)
    for (const [where, expected] of [
      ['value > 7', ['008', '009']],
      ['path == "a/003"', ['003']],
      ['id in params.ids', ['002', '005']],
      ['value == params.n', ['004']],
      ['value == params.n + 0.0', ['004']],
    ] as const) {
      expect([where, await selections(db, { where, params: { ids: ['002', '005'], n: 4 } })]).toEqual([
        where,
        everywhere(expected),
      ])
    }
  })
}

const asks = (size: number): fc.Arbitrary<Ask> => {
  const place = fc.option(fc.nat({ max: size - 1 }), { nil: undefined })
  const amounts = fc.integer({ min: 1, max: size + 2 })
  const count = fc.oneof(
    fc.constant({}),
    amounts.map((first) => ({ first })),
    amounts.map((last) => ({ last })),
  )
  return fc.tuple(place, place, count).map(([after, before, amount]) => ({ after, before, ...amount }))
}

function pages(subject: DatabaseSubject): void {
  law(
    subject,
    'WH3 a page is of matches: every page is a part of the plain list of them, whatever is asked',
    async ({ db }) => {
      await plant(db, VALUES)
      const all = (await db.documents('a', { first: 1_000 })).edges.map(({ node }) => node)
      const property = fc.asyncProperty(
        filter,
        fc.array(asks(20), { minLength: 5, maxLength: 5 }),
        async ({ holds, ...options }, asked) => {
          const read = (page: object): Promise<DocumentPage> => db.documents('a', { ...options, ...page })
          const { edges } = await read({ first: 1_000 })
          const paged = {
            whole: all.filter(holds).map(({ id }) => id),
            cursors: edges.map(({ cursor }) => cursor),
            read,
            tell: idsOf,
          }
          for (const ask of asked) await expectPage(paged, within(ask, edges.length), 'first')
        },
      )
      await fc.assert(property, { numRuns: 60 })
    },
  )

  law(
    subject,
    'WH4 a page is full of matches, however far they lie apart, and knows whether there is one more',
    async ({ db }) => {
      await plantNumbers(db, 900)
      const where = 'value in [3, 299, 300, 700, 899]'
      const whole = ['003', '299', '300', '700', '899']
      const read = (page: object): Promise<DocumentPage> => db.documents('a', { where, ...page })
      const told = async (page: object): Promise<unknown> => {
        const { edges, hasNextPage, hasPreviousPage } = await read(page)
        return [edges.map(({ node }) => node.id), hasPreviousPage, hasNextPage]
      }
      expect(await told({ first: 4 })).toEqual([whole.slice(0, 4), false, true])
      expect(await told({ first: 5 })).toEqual([whole, false, false])
      expect(await told({ last: 1 })).toEqual([whole.slice(4), true, false])
      expect(await told({ last: 5 })).toEqual([whole, false, false])
      for (const size of [1, 2, 3, 5]) {
        expect(await walk({ read, tell: idsOf }, size)).toEqual({ forward: whole, backward: whole })
      }
    },
  )

  law(subject, 'WH5 page cursors work with and without the expression', async ({ db }) => {
    await plantNumbers(db, 9)
    const [first, second] = (await db.documents('a', { where: 'value > 3' })).edges
    expect(idsOf(await db.documents('a', { first: 2, after: first?.cursor }))).toEqual(['005', '006'])
    const plain = (await db.documents('a')).edges
    expect(
      idsOf(await db.documents('a', { where: 'value > 3', after: plain[1]?.cursor, before: plain[5]?.cursor })),
    ).toEqual(['004', '005'])
    expect(idsOf(await db.documents('a', { where: 'value != 2', last: 3, before: second?.cursor }))).toEqual([
      '001',
      '003',
      '004',
    ])
  })

  law(
    subject,
    'WH6 a page of matches that is too large for an answer is shorter, and says that there is more',
    async ({ db }) => {
      for (let i = 0; i < 12; i++) await db.put(`a/${i + 10}`, { text: 'x'.repeat(300), odd: i % 2 === 1 })
      const options = { where: 'value.odd' }
      const page = await db.documents('a', options)
      expect(page.edges.length).toBeGreaterThan(0)
      expect(page.edges.length).toBeLessThan(3)
      expect(page.hasNextPage).toBe(true)
      const whole = ['11', '13', '15', '17', '19', '21']
      expect(await walk({ read: (ask) => db.documents('a', { ...options, ...ask }), tell: idsOf }, 100)).toEqual({
        forward: whole,
        backward: whole,
      })
    },
    { pageBytes: 700 },
  )
}

/** Places of a shorter list. */
function within({ after, before, ...amount }: Ask, size: number): Ask {
  const place = (at: number | undefined): number | undefined => (at === undefined || size === 0 ? undefined : at % size)
  return { ...amount, after: place(after), before: place(before) }
}

function states(subject: DatabaseSubject): void {
  const read = async (db: Database, cursor: Cursor): Promise<readonly string[]> => {
    const page = (ask: object): Promise<DocumentPage> =>
      db.documents('a', { where: 'value > 100', ...ask, asOf: { cursor } })
    return (await walk({ read: page, tell: idsOf }, 2)).forward
  }

  law(
    subject,
    'WH7 all pages of one cursor are of one state, whatever matches come, go and stop to match',
    async ({ db }) => {
      await plantNumbers(db, 5)
      const before = (await db.put('a/002', 102)).cursor
      await db.put('a/004', 104)
      const middle = (await db.put('a/005', 105)).cursor
      const page = await db.documents('a', { where: 'value > 100', first: 2 })
      await db.put('a/004', 4)
      await db.put('a/001', 101)
      const after = (await db.delete('a/005')).cursor
      expect([await read(db, before), await read(db, middle), await read(db, after)]).toEqual([
        ['002'],
        ['002', '004', '005'],
        ['001', '002'],
      ])
      expect([idsOf(page), page.cursor]).toEqual([['002', '004'], middle])
      const rest = await db.documents('a', {
        where: 'value > 100',
        after: page.edges[1]?.cursor,
        asOf: { cursor: page.cursor },
      })
      expect([idsOf(rest), rest.cursor]).toEqual([['005'], middle])
      expect(rest.edges[0]?.node.asOf).toBe(middle)
    },
  )

  law(subject, 'WH8 a page that looks far is of one state, while others write', async ({ db }) => {
    await plantNumbers(db, 800)
    let writing = true
    const writes = (async () => {
      // At each moment one of the two is far, and every commit changes which.
      for (let i = 0; writing; i++) {
        await db.transact([
          { kind: 'put', path: 'a/002', value: i % 2 === 0 ? -1 : 2 },
          { kind: 'put', path: 'a/799', value: i % 2 === 0 ? 799 : -1 },
        ])
      }
    })()
    const seen: (readonly string[])[] = []
    for (let i = 0; i < 40; i++) seen.push(idsOf(await db.documents('a', { where: 'value < 0' })))
    writing = false
    await writes
    expect(seen.filter((ids) => ids.length > 1)).toEqual([])
  })
}

function faults(subject: DatabaseSubject): void {
  law(subject, 'WH9 what is missing or of another type makes an expression false, never an error', async ({ db }) => {
    const values: readonly Json[] = [
      { likes: 3 },
      { likes: 'many' },
      { likes: null },
      {},
      [],
      'likes',
      null,
      { likes: { likes: 3 } },
    ]
    await plant(db, values)
    for (const [where, expected] of [
      ['value.likes >= 3', ['001']],
      ['!(value.likes >= 3)', []],
      ['value.likes.likes == 3', ['008']],
      ['value.none == 1', []],
      ['value.none == 1 || true', ['001', '002', '003', '004', '005', '006', '007', '008']],
      ['value.likes == null', ['003']],
      ['value', []],
      ['1 / 0 == 1', []],
    ] as const) {
      expect([where, await selections(db, { where })]).toEqual([where, everywhere(expected)])
    }
  })
}

/** How each of the reads and feeds refuses. */
async function refusals(db: Database, options: Filter): Promise<Readonly<Record<string, Refusal>>> {
  return {
    documents: await refusal(db.documents('a', options)),
    log: await refusal(db.log(['a'], options)),
    changes: await refusal((async () => db.changes(['a'], options).next())()),
    live: await refusal((async () => db.live(['a'], options).next())()),
  }
}

function bounds(subject: DatabaseSubject): void {
  law(
    subject,
    'WH10 an expression that does not parse, or uses what is not offered, is BAD_EXPRESSION with the position',
    async ({ db }) => {
      for (const [where, position] of [
        ['value.likes >=', 14],
        ['value.likes > 3 &&& true', 18],
        ['likes > 3', 0],
        ['value > 3 && value.name.matches("a+")', 13],
        ['value == params.none', 16],
        ['', 0],
      ] as const) {
        const refused = await refusals(db, { where })
        expect([where, refused]).toEqual([
          where,
          everywhere({ code: 'BAD_EXPRESSION', position: refused['documents']?.['position'] }),
        ])
        expect([where, refused['documents']?.['position']]).toEqual([where, position])
      }
    },
  )

  law(
    subject,
    'WH11 params are an object of at most 32 values that can be kept exactly, and come with an expression',
    async ({ db }) => {
      await plantNumbers(db, 3)
      const named = (count: number): Json => Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, i]))
      expect(await selections(db, { where: 'value == params.p2', params: named(32) })).toEqual(everywhere(['002']))
      const where = 'value == params.p2'
      expect(await refusals(db, { where, params: named(33) })).toEqual(
        everywhere({ code: 'TOO_LARGE', limit: 'params', max: 32 }),
      )
      for (const params of [1, 'x', null, [1]]) {
        expect(await refusals(db, { where, params })).toEqual(everywhere({ code: 'BAD_REQUEST', argument: 'params' }))
      }
      expect(await refusals(db, { params: {} })).toEqual(everywhere({ code: 'BAD_REQUEST', argument: 'params' }))
      expect(await refusals(db, { where, params: { p2: 2 ** 53 } })).toEqual(
        everywhere({ code: 'INVALID_VALUE', at: '/p2' }),
      )
    },
  )

  law(
    subject,
    'WH12 params of a feed are those of the call, whatever the caller does with them afterwards',
    async ({ db }) => {
      await plantNumbers(db, 3)
      const params = { n: [2] }
      const feed = db.live(['a'], { where: 'value in params.n', params })
      params.n[0] = 3
      const reader = readerOf(feed)
      expect(await reader.upToDate()).toEqual(['NEW a/002@1'])
      await feed.return?.()
    },
  )

  law(subject, 'WH13 an expression of too many bytes, nodes or levels is TOO_LARGE', async ({ db }) => {
    const tooLong = `value == "${'x'.repeat(8_192)}"`
    const tooMany = Array.from({ length: 200 }, () => 'value == 1').join(' || ')
    const tooDeep = `${'('.repeat(65)}true${')'.repeat(65)}`
    for (const [where, limit, max] of [
      [tooLong, 'expressionBytes', 8_192],
      [tooMany, 'expressionNodes', 500],
      [tooDeep, 'expressionDepth', 64],
    ] as const) {
      expect([limit, await refusals(db, { where })]).toEqual([limit, everywhere({ code: 'TOO_LARGE', limit, max })])
    }
  })
}
