import { expect } from 'vitest'
import type { Commit } from '../../../src/core/commit.ts'
import { mayTouch } from '../../../src/core/json/field.ts'
import { isWithin, type Path } from '../../../src/core/path.ts'
import type { Revision, Version, Write } from '../../../src/core/version.ts'
import type { LogRange, Range } from '../../../src/store/store.ts'
import { ALL, commit, draft, path, put, remove, texts } from '../../support/store/drafts.ts'
import { law, type Fixture, type StoreSubject } from './subject.ts'

/** How a page is bounded. */
interface Bound {
  readonly rows: number
  readonly skips: number
  readonly reverse: boolean
}

const BOUNDS: readonly Bound[] = [1, 3].flatMap((rows) =>
  [1, 2, 5].flatMap((skips) => [false, true].map((reverse) => ({ rows, skips, reverse }))),
)

/** Every row of a range, read from `next` to `next`, in the range's own order. */
async function walk<Row, Place>(
  reverse: boolean,
  read: (from: Place | undefined) => Promise<{ readonly rows: readonly Row[]; readonly next?: Place | undefined }>,
): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (let from: Place | undefined; ;) {
    const page = await read(from)
    rows.splice(reverse ? 0 : rows.length, 0, ...page.rows)
    if (page.next === undefined) return rows
    expect(page.next).not.toEqual(from)
    from = page.next
  }
}

function walkList(
  { store, tenant }: Fixture,
  range: Omit<Range, 'limit'>,
  { rows, skips, reverse, at }: Bound & { readonly at: Revision },
): Promise<readonly Version[]> {
  return walk(reverse, async (from: Path | undefined) => {
    const bound = from === undefined ? {} : reverse ? { before: from } : { after: from }
    const page = await store.list(tenant, { ...range, ...bound, reverse, skips, limit: { rows, bytes: 1e9 } }, at)
    expect([page.rows.length <= rows, page.more]).toEqual([true, page.next !== undefined])
    return page
  })
}

const names = Array.from({ length: 8 }, (_, i) => `posts/${i}`)
const nested = names.map((name) => `${name}/notes/n`)

/** Documents come, most of them go, some come back, and others are written all the time. */
const STORY: readonly (readonly Write[])[] = [
  [...names, ...nested].map((name) => put(name, 1)),
  names.filter((_, i) => i % 4 > 0).map((name) => remove(name, 2)),
  nested.map((name) => remove(name, 2)),
  [put('posts/1', 3), put('posts-x/1', 1), put('posts/late', 1)],
  [remove('posts/0', 2), remove('posts/1', 4)],
]

/** Pages of the past, of a log below paths and of a field end early, and go on. */
export function stepContract(subject: StoreSubject): void {
  law(
    subject,
    'L10 pages of every past, going on from next, give what one page gives, however few rows each passes over',
    async (fixture) => {
      for (const writes of STORY) await commit(fixture.store, fixture.tenant, writes)
      // Every bound of every past where reads are cheap.
      const isCheap = subject.scale === undefined
      const bounds = isCheap ? BOUNDS : BOUNDS.filter(({ rows, skips }) => rows === 3 && skips === 2)
      // More commits than an adapter may undo one by one.
      if (isCheap) {
        await fixture.store.append(
          fixture.tenant,
          Array.from({ length: 140 }, (_, i) =>
            draft([i % 2 === 0 ? put('posts/7/noise/1', i + 1) : remove('posts/7/noise/1', i + 1)]),
          ),
        )
      }
      for (const at of isCheap ? [0, 1, 2, 3, 4, 5] : [4]) {
        for (const range of [
          { kind: 'collection', path: ['posts'] },
          { kind: 'below', path: [], deleted: true },
        ] as const) {
          const whole = texts((await fixture.store.list(fixture.tenant, { ...range, limit: ALL }, at)).rows)
          for (const bound of bounds) expect(texts(await walkList(fixture, range, { ...bound, at }))).toEqual(whole)
        }
      }
    },
  )

  law(
    subject,
    'L10 the log below paths has the commits that wrote there, of few documents and of many',
    async (fixture) => {
      for (const writes of STORY) await commit(fixture.store, fixture.tenant, writes)
      await commit(
        fixture.store,
        fixture.tenant,
        Array.from({ length: 300 }, (_, i) => put(`many/${i}`, 1)),
      )
      for (let i = 0; i < 6; i++) {
        await commit(fixture.store, fixture.tenant, [
          put(i % 3 === 0 ? `many/${i}` : `posts-x/${i + 2}`, i % 3 === 0 ? 2 : 1),
        ])
      }
      const { commits } = await fixture.store.log(fixture.tenant, { after: 0, limit: ALL })
      const bounds =
        subject.scale === undefined ? BOUNDS : BOUNDS.filter(({ rows, skips }) => rows === 3 && skips === 2)
      for (const below of [
        [['posts']],
        [['many']],
        [path('posts/1')],
        [['posts-x'], path('many/3')],
        [['none']],
        [['posts', '1', 'notes'], ['many']],
        [[]],
      ]) {
        const expected = commits.filter(({ versions }) =>
          versions.some((version) => below.some((root) => isWithin(version.path, root))),
        )
        for (const bound of bounds) expect(await walkLog(fixture, { below, ...bound })).toEqual(expected)
        const inner = commits.slice(2, -2).filter((each) => expected.includes(each))
        expect(
          await walkLog(fixture, { below, rows: 2, skips: 2, reverse: true, after: 2, before: commits.length - 1 }),
        ).toEqual(inner)
      }
    },
  )

  law(
    subject,
    'L12 the log and the history of an actor have what this actor wrote, anywhere or below paths',
    async (fixture) => {
      const { store, tenant } = fixture
      // The first 300 characters are the same: more than a key of a store may hold.
      const long = ['1', '2'].map((end) => 'ann'.repeat(100) + end)
      const actors = ['ann', 'bob', null, ...long]
      await commit(
        store,
        tenant,
        Array.from({ length: 300 }, (_, i) => put(`many/${i}`, 1)),
        { actor: 'ann' },
      )
      for (let i = 0; i < 30; i++) {
        const writes = [put(i % 4 === 0 ? `many/${i}` : `few/${i % 7}/notes/${i}`, i % 4 === 0 ? 2 : 1)]
        await commit(store, tenant, [...writes, put('all/1', i + 1)], { actor: actors[i % 5] ?? null })
      }
      const { commits } = await store.log(tenant, { after: 0, limit: ALL })
      const { rows: versions } = await store.history(tenant, path('all/1'), { limit: ALL })
      const bounds =
        subject.scale === undefined ? BOUNDS : BOUNDS.filter(({ rows, skips }) => rows === 3 && skips === 2)
      for (const actor of ['ann', 'bob', ...long, 'eve', '']) {
        const isSelected = (commit: Pick<Commit, 'actor'>): boolean => commit.actor === actor
        for (const below of [undefined, [['many']], [path('few/1')], [path('many/4'), ['few']], [[]]]) {
          const expected = commits.filter(
            (each) =>
              isSelected(each) &&
              (below === undefined ||
                each.versions.some((version) => below.some((root) => isWithin(version.path, root)))),
          )
          for (const bound of bounds) expect(await walkLog(fixture, { below, actor, ...bound })).toEqual(expected)
        }
        for (const { rows, skips, reverse } of bounds) {
          const found = await walk(reverse, (from: Revision | undefined) => {
            const bound = from === undefined ? {} : reverse ? { before: from } : { after: from }
            const range = { ...bound, actor, reverse, skips, limit: { rows, bytes: 1e9 } }
            return store.history(tenant, path('all/1'), range)
          })
          expect(found).toEqual(versions.filter(isSelected))
        }
      }
    },
  )

  law(
    subject,
    'L10 the history of what may have touched a field has every version that wrote at, above or below it',
    async ({ store, tenant }) => {
      const written: readonly (readonly string[])[] = [
        [],
        ['a'],
        ['b'],
        ['a/b'],
        ['a/b/c'],
        ['a/bb'],
        ['aa'],
        ['b', 'a/b'],
        ['x"]'],
        ['x\\', 'a'],
        [],
        ['é/[', 'z'],
      ]
      for (const [i, fields] of written.entries()) {
        await commit(store, tenant, [put('other/1', i + 1), { ...put('posts/1', i + 1), fields }])
      }
      const { rows: all } = await store.history(tenant, path('posts/1'), { limit: ALL })
      for (const touching of [['a'], ['a', 'b'], ['a', 'b', 'c'], ['b'], ['x"]'], ['x\\'], ['é', '['], ['never']]) {
        const expected = all.filter(({ fields }) => mayTouch(fields, touching))
        for (const { rows, skips, reverse } of subject.scale === undefined ? BOUNDS : BOUNDS.slice(-2)) {
          const found = await walk(reverse, (from: Revision | undefined) => {
            const bound = from === undefined ? {} : reverse ? { before: from } : { after: from }
            return store.history(tenant, path('posts/1'), {
              ...bound,
              touching,
              reverse,
              skips,
              limit: { rows, bytes: 1e9 },
            })
          })
          expect(found).toEqual(expected)
        }
      }
    },
  )
}

function walkLog(
  { store, tenant }: Fixture,
  { rows, after = 0, ...range }: Partial<LogRange> & Bound,
): Promise<readonly Commit[]> {
  return walk(range.reverse, async (from: Revision | undefined) => {
    const bound = from === undefined ? { after } : range.reverse ? { after, before: from } : { after: from }
    const { commits, next } = await store.log(tenant, { ...range, ...bound, limit: { rows, bytes: 1e9 } })
    expect(commits.length <= rows).toBe(true)
    return { rows: commits, next }
  })
}
