import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Commit } from '../../src/core/commit.ts'
import type { Json } from '../../src/core/json/json.ts'
import { RecentCommits } from '../../src/db/log/recent-commits.ts'
import type { Limit } from '../../src/store/store.ts'

const rows = (count: number): Limit => ({ rows: count, bytes: 1e9 })

const LARGE = { maxCommits: 1_000, maxBytes: 1e9 }

function commit(revision: number, value: Json = null): Commit {
  const facts = { revision, updatedAt: revision, actor: null, commit: `c${revision}` }
  const version = {
    path: ['a', '1'],
    version: revision,
    type: 'UPDATE',
    fields: [],
    value,
    createdAt: 0,
    ...facts,
  } as const
  return { id: `c${revision}`, revision, at: revision, actor: null, digest: null, versions: [version] }
}

function recentOf(bounds: { maxCommits: number; maxBytes: number }, ...revisions: readonly number[]): RecentCommits {
  const recent = new RecentCommits(bounds)
  for (const revision of revisions) recent.push(commit(revision))
  return recent
}

const revisions = (commits: readonly Commit[] | null): readonly number[] | null =>
  commits?.map(({ revision }) => revision) ?? null

test('empty recent commits give null', () => {
  expect(new RecentCommits(LARGE).after(0, rows(10))).toBeNull()
})

test('recent commits are given after a revision, in order, up to a limit', () => {
  const recent = recentOf(LARGE, 1, 2, 3, 4, 5)
  expect(revisions(recent.after(0, rows(10)))).toEqual([1, 2, 3, 4, 5])
  expect(revisions(recent.after(2, rows(10)))).toEqual([3, 4, 5])
  expect(revisions(recent.after(2, rows(2)))).toEqual([3, 4])
  expect(revisions(recent.after(5, rows(10)))).toEqual([])
})

test('revisions before the oldest recent commit give null', () => {
  const recent = recentOf(LARGE, 7, 8, 9)
  expect(recent.after(5, rows(10))).toBeNull()
  expect(revisions(recent.after(6, rows(10)))).toEqual([7, 8, 9])
})

test('the oldest commits fall out beyond the bound of commits', () => {
  const recent = recentOf({ maxCommits: 3, maxBytes: 1e9 }, 1, 2, 3, 4, 5)
  expect(recent.after(1, rows(10))).toBeNull()
  expect(revisions(recent.after(2, rows(10)))).toEqual([3, 4, 5])
})

test('the oldest commits fall out beyond the bound of bytes, the newest stays however large it is', () => {
  const recent = new RecentCommits({ maxCommits: 1_000, maxBytes: 20_000 })
  for (let revision = 1; revision <= 50; revision++) recent.push(commit(revision, 'x'.repeat(2_000)))
  const kept = [...Array(50).keys()].find((revision) => recent.after(revision, rows(100)) !== null) ?? 0
  expect(kept).toBeGreaterThan(40)
  expect(kept).toBeLessThan(49)
  recent.push(commit(51, ['y'.repeat(100_000)]))
  expect(recent.after(49, rows(10))).toBeNull()
  expect(revisions(recent.after(50, rows(10)))).toEqual([51])
})

test('what is given at once is bounded in bytes, and is one commit at least', () => {
  const recent = new RecentCommits(LARGE)
  for (let revision = 1; revision <= 20; revision++) recent.push(commit(revision, 'x'.repeat(1_000)))
  const given = recent.after(0, { rows: 100, bytes: 10_000 })?.length ?? 0
  expect(given).toBeGreaterThan(2)
  expect(given).toBeLessThan(10)
  expect(revisions(recent.after(7, { rows: 100, bytes: 1 }))).toEqual([8])
})

test('a commit that does not follow the newest begins the recent commits anew', () => {
  const recent = recentOf(LARGE, 1, 2, 3, 9, 10)
  expect(recent.after(2, rows(10))).toBeNull()
  expect(recent.after(7, rows(10))).toBeNull()
  expect(revisions(recent.after(8, rows(10)))).toEqual([9, 10])
})

test('what is given is what the log would give, without a gap', () => {
  const steps = fc.array(
    fc.oneof({ weight: 9, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.integer({ min: 2, max: 5 }) }),
    { maxLength: 40 },
  )
  fc.assert(
    fc.property(
      steps,
      fc.integer({ min: 1, max: 8 }),
      fc.nat({ max: 60 }),
      fc.integer({ min: 1, max: 5 }),
      (gaps, maxCommits, after, limit) => {
        const pushed: number[] = []
        for (const gap of gaps) pushed.push((pushed.at(-1) ?? 0) + gap)
        const given = revisions(recentOf({ maxCommits, maxBytes: 1e9 }, ...pushed).after(after, rows(limit)))
        const unbroken = pushed
          .slice(pushed.findLastIndex((revision, i) => revision !== (pushed[i - 1] ?? Number.NaN) + 1))
          .slice(-maxCommits)
        if (unbroken.length === 0 || after + 1 < (unbroken[0] ?? 0)) expect(given).toBeNull()
        else expect(given).toEqual(unbroken.filter((revision) => revision > after).slice(0, limit))
      },
    ),
  )
})
