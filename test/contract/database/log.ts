import fc from 'fast-check'
import { describe, expect } from 'vitest'
import type { ChangeBatch, Database } from '../../../src/core/database.ts'
import type { LogOptions } from '../../../src/core/database/options.ts'
import { plantForest } from './deletes.ts'
import {
  law,
  readerOf,
  refusal,
  START,
  summary,
  timestamp,
  wholeLog,
  type DatabaseSubject,
  type Fixture,
} from './subject.ts'

/** Commits of one, two and three changes. */
async function plant(db: Database): Promise<readonly string[]> {
  const commits = [
    await db.put('a/1', 1),
    await db.transact([
      { kind: 'put', path: 'a/2', value: 1 },
      { kind: 'put', path: 'b/1', value: 1 },
    ]),
    await db.put('b/1', 2),
    await db.transact([
      { kind: 'put', path: 'a/3', value: 1 },
      { kind: 'delete', path: 'a/1' },
      { kind: 'put', path: 'b/2', value: 1 },
    ]),
    await db.put('a/2', 2),
  ]
  return commits.flatMap(summary)
}

export function logs(subject: DatabaseSubject): void {
  describe('log', () => {
    law(subject, 'LO1 the log of nothing is empty and up to date, with a cursor to go on from', async ({ db }) => {
      const page = await db.log(['posts'])
      expect(page).toMatchObject({ changes: [], upToDate: true })
      await db.put('posts/1', 1)
      expect(summary(await db.log(['posts'], { after: page.cursor }))).toEqual(['NEW posts/1@1'])
    })

    law(subject, 'LO2 first counts changes, rounded up to whole commits', async ({ db }) => {
      const all = await plant(db)
      const sizes = [1, 2, 3, 4, 5, 7, 8, 100].map(async (first) => (await db.log(['*'], { first })).changes.length)
      expect(await Promise.all(sizes)).toEqual([1, 3, 3, 4, 7, 7, 8, 8])
      expect(summary(await db.log(['*'], { first: 5 }))).toEqual(all.slice(0, 7))
    })

    law(
      subject,
      'LO3 pages of any size give every change once, and the last one says that nothing is left',
      async ({ db }) => {
        const all = await plant(db)
        for (const first of [1, 2, 3, 8, 50]) expect(await wholeLog(db, ['*'], first)).toEqual(all)
        expect(await wholeLog(db, ['b'], 1)).toEqual(all.filter((change) => change.includes(' b/')))
        expect((await db.log(['*'], { first: 3 })).upToDate).toBe(false)
        expect((await db.log(['a'], { first: 3 })).upToDate).toBe(false)
        expect((await db.log(['*'], { first: 8 })).upToDate).toBe(true)
      },
    )

    law(subject, 'LO4 patterns and types choose, and what they leave out does not count', async ({ db }) => {
      await plant(db)
      expect(summary(await db.log(['*'], { types: ['DELETE'] }))).toEqual(['DELETE a/1@2'])
      expect(summary(await db.log(['b'], { types: ['NEW'], first: 2 }))).toEqual(['NEW b/1@1', 'NEW b/2@1'])
      expect(summary(await db.log(['a/2', 'b/1'], { types: ['UPDATE'] }))).toEqual(['UPDATE b/1@2', 'UPDATE a/2@2'])
      expect(summary(await db.log(['a/2', 'a']))).toEqual([
        'NEW a/1@1',
        'NEW a/2@1',
        'NEW a/3@1',
        'DELETE a/1@2',
        'UPDATE a/2@2',
      ])
      expect(await db.log(['none'])).toMatchObject({ changes: [], upToDate: true })
    })

    law(subject, 'LO5 the log is what changes delivers, of any patterns', async ({ db }) => {
      await plantForest(db)
      await db.put('posts/1/title', 'b')
      await db.delete('posts/1')
      for (const paths of [
        ['*'],
        ['posts/*/comments'],
        ['posts/1'],
        ['posts/1/title'],
        ['posts/2', 'posts/1/comments/c2'],
        ['*/*/*/c1'],
      ]) {
        const feed = db.changes(paths, { start: 'BEGINNING' })
        const told = await readerOf(feed).upToDate()
        await feed.return?.()
        expect(told).toEqual(await wholeLog(db, paths, 2))
      }
    })

    law(
      subject,
      'LO6 a page that would be larger than an answer may be is shorter, and says that something is left',
      async ({ db }) => {
        for (let i = 0; i < 6; i++) await db.put('posts/1', 'x'.repeat(300))
        const page = await db.log(['*'])
        expect(page.changes.length).toBeGreaterThan(0)
        expect(page.changes.length).toBeLessThan(6)
        expect(page.upToDate).toBe(false)
        expect(await wholeLog(db)).toHaveLength(6)
      },
      { pageBytes: 700 },
    )

    law(subject, 'LO7 first outside 1 to 1,000 is refused', async ({ db }) => {
      for (const first of [0, -1, 1.5]) {
        expect(await refusal(db.log(['*'], { first }))).toEqual({ code: 'BAD_REQUEST', argument: 'first' })
      }
      expect(await refusal(db.log(['*'], { first: 1_001 }))).toEqual({
        code: 'TOO_LARGE',
        limit: 'pageSize',
        max: 1_000,
      })
    })

    law(subject, 'LO8 a page has 100 changes unless it is told', async ({ db }) => {
      await db.put('a/0', 0)
      for (let i = 0; i < 105; i++) await db.put('a/1', i)
      const page = await db.log(['*'])
      expect(page.changes).toHaveLength(100)
      expect(page.upToDate).toBe(false)
    })

    pages(subject)
    goingOn(subject)
  })
}

/** Commits of three actors, several in each of five seconds; the commits as `log` should have them. */
async function plantPast({ db, as, clock }: Fixture): Promise<readonly PlantedCommit[]> {
  const planted: PlantedCommit[] = []
  for (let i = 0; i < 25; i++) {
    const actor = ['ann', 'bob', null][i % 3] ?? null
    const writer = actor === null ? db : as(actor)
    const n = Math.floor(i / 2)
    const result = await (i % 4 === 3
      ? writer.transact([
          { kind: 'put', path: `b/${n}`, value: i },
          { kind: 'post', path: 'a/1/notes', id: `n${i}`, value: i },
          { kind: 'delete', path: `a/${n + 1}` },
        ])
      : writer.put(i === 0 ? 'a/1' : i % 4 === 1 ? `b/${n}` : `a/${n + 1}`, {}))
    const changes = result.changes.map(({ type, path, document }) => ({
      type,
      path,
      text: `${type} ${path}@${document.version}`,
    }))
    planted.push({ cursor: result.cursor, time: clock.time, actor, changes })
    if (i % 5 === 4) clock.time += 1_000
  }
  return planted
}

interface PlantedCommit {
  readonly cursor: string
  readonly time: number
  readonly actor: string | null
  readonly changes: readonly { readonly type: string; readonly path: string; readonly text: string }[]
}

/** What a page of the log is asked for, with the numbers of commits in the places of cursors, and seconds as times. */
interface LogAsk {
  readonly first?: number | undefined
  readonly last?: number | undefined
  readonly after?: number | undefined
  readonly before?: number | undefined
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly actor?: string | undefined
  readonly types?: readonly ('NEW' | 'UPDATE' | 'DELETE')[] | undefined
  readonly path: string
}

/** The matching changes of each commit that has any. */
function selected(planted: readonly PlantedCommit[], ask: LogAsk): readonly (readonly string[])[] {
  const { after = -1, before = planted.length, from = 0, to = 9, actor, types, path } = ask
  return planted
    .filter((commit, i) => i > after && i < before && (actor === undefined || commit.actor === actor))
    .filter(({ time }) => time >= START + from * 1_000 && time <= START + to * 1_000)
    .map(({ changes }) =>
      changes
        .filter((change) => path === '*' || change.path === path || change.path.startsWith(`${path}/`))
        .filter(({ type }) => types === undefined || types.some((wanted) => wanted === type))
        .map(({ text }) => text),
    )
    .filter((changes) => changes.length > 0)
}

/** So many changes from the front of some commits, rounded up to whole commits. */
function taken(commits: readonly (readonly string[])[], count: number): readonly (readonly string[])[] {
  let changes = 0
  return commits.filter((commit) => {
    const isTaken = changes < count
    changes += isTaken ? commit.length : 0
    return isTaken
  })
}

function optionsOf(planted: readonly PlantedCommit[], ask: LogAsk): LogOptions {
  const cursor = (i: number | undefined): string | undefined => (i === undefined ? undefined : planted[i]?.cursor)
  const time = (seconds: number | undefined): string | undefined =>
    seconds === undefined ? undefined : timestamp(START + seconds * 1_000)
  const { first, last, after, before, from, to, actor, types } = ask
  return { first, last, actor, types, after: cursor(after), before: cursor(before), from: time(from), to: time(to) }
}

const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined })

const bounds = {
  after: optional(fc.nat({ max: 24 })),
  before: optional(fc.nat({ max: 24 })),
  from: optional(fc.nat({ max: 5 })),
  to: optional(fc.nat({ max: 5 })),
  actor: optional(fc.constantFrom('ann', 'bob', 'eve')),
  types: optional(fc.constantFrom<LogAsk['types'][]>(['NEW'], ['UPDATE', 'DELETE'])),
  path: fc.constantFrom('*', 'a', 'b', 'a/1', 'a/1/notes', 'none'),
}
const count = optional(fc.integer({ min: 1, max: 12 }))
const asks: fc.Arbitrary<LogAsk> = fc.oneof(
  fc.record({ ...bounds, first: count }),
  fc.record({ ...bounds, last: count }),
)

function pages(subject: DatabaseSubject): void {
  law(
    subject,
    'LO9 a page has the oldest or the newest of what its cursors, period, actor, paths and types leave',
    async (fixture) => {
      const planted = await plantPast(fixture)
      const property = fc.asyncProperty(asks, async (ask) => {
        const page = await fixture.db.log([ask.path], optionsOf(planted, ask))
        const commits = selected(planted, ask)
        const part =
          ask.last === undefined ? taken(commits, ask.first ?? 100) : taken(commits.toReversed(), ask.last).toReversed()
        expect(summary(page)).toEqual(part.flat())
        expectPlace(page, ask, part.length < commits.length)
      })
      await fc.assert(property, { numRuns: 150 })
    },
  )

  law(subject, 'LO10 pages of any size, from either end, give everything once', async (fixture) => {
    const planted = await plantPast(fixture)
    const ways: readonly LogAsk[] = [
      { path: '*' },
      { path: 'a', actor: 'ann' },
      { path: 'a/1/notes' },
      { path: '*', from: 1, to: 3, types: ['DELETE'] },
    ]
    for (const ask of ways) {
      const whole = selected(planted, ask).flat()
      for (const size of [1, 2, 5]) {
        const options = optionsOf(planted, ask)
        const [forward, backward]: [string[], string[]] = [[], []]
        for (let after: string | undefined, more = true; more;) {
          const page = await fixture.db.log([ask.path], { ...options, first: size, after })
          forward.push(...summary(page))
          after = page.pageInfo?.endCursor
          more = page.pageInfo?.hasNextPage === true
        }
        for (let before: string | undefined, more = true; more;) {
          const page = await fixture.db.log([ask.path], { ...options, last: size, before })
          backward.unshift(...summary(page))
          before = page.pageInfo?.startCursor ?? undefined
          more = page.pageInfo?.hasPreviousPage === true
        }
        expect({ forward, backward }).toEqual({ forward: whole, backward: whole })
      }
    }
  })
}

/** Where a page says that it lies: exactly, but where commits are found by more than what the page shows of them. */
function expectPlace({ pageInfo, cursor }: ChangeBatch, ask: LogAsk, isCut: boolean): void {
  const isBack = ask.last !== undefined
  const more = isBack ? pageInfo?.hasPreviousPage : pageInfo?.hasNextPage
  if (isCut || (ask.types === undefined && ask.path !== 'a/1/notes')) expect(more).toBe(isCut)
  expect(isBack ? pageInfo?.hasNextPage : pageInfo?.hasPreviousPage).toBe(
    (isBack ? ask.before : ask.after) !== undefined,
  )
  expect(pageInfo?.endCursor).toBe(cursor)
  if (isCut) expect(pageInfo?.startCursor).toEqual(expect.any(String))
}

function goingOn(subject: DatabaseSubject): void {
  law(subject, 'LO11 a feed after the cursor of the newest page misses nothing and repeats nothing', async ({ db }) => {
    await plant(db)
    const page = await db.log(['b'], { last: 1 })
    expect([summary(page), page.upToDate]).toEqual([['NEW b/2@1'], true])
    await db.put('b/3', 1)
    const feed = db.changes(['b'], { after: page.cursor })
    expect(await readerOf(feed).until(1)).toEqual(['NEW b/3@1'])
    await feed.return?.()
    const older = await db.log(['*'], { last: 2, before: page.pageInfo?.startCursor ?? '' })
    expect([summary(older), older.upToDate]).toEqual([['NEW a/2@1', 'NEW b/1@1', 'UPDATE b/1@2'], false])
  })

  law(subject, 'LO12 both ends, what is no cursor of this log, and what is no time are refused', async ({ db }) => {
    await plant(db)
    expect(await refusal(db.log(['*'], { first: 1, last: 1 }))).toEqual({ code: 'BAD_REQUEST', argument: 'last' })
    expect(await refusal(db.log(['*'], { last: 0 }))).toEqual({ code: 'BAD_REQUEST', argument: 'last' })
    expect(await refusal(db.log(['*'], { last: 1_001 }))).toMatchObject({ code: 'TOO_LARGE', limit: 'pageSize' })
    expect(await refusal(db.log(['*'], { last: 1, before: 'x' }))).toMatchObject({ code: 'CURSOR_UNKNOWN' })
    expect(await refusal(db.log(['*'], { from: 'now' }))).toEqual({ code: 'BAD_REQUEST', argument: 'from' })
    expect(await refusal(db.log(['*'], { to: 'now' }))).toEqual({ code: 'BAD_REQUEST', argument: 'to' })
  })
}
