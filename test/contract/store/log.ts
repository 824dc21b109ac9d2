import { expect } from 'vitest'
import type { Commit } from '../../../src/core/commit.ts'
import { ALL, committed, draft, put } from '../../support/store/drafts.ts'
import { law, scaled, type Fixture, type StoreSubject } from './subject.ts'

const BATCH = 20

async function fill({ store, tenant }: Fixture, count: number): Promise<readonly Commit[]> {
  const commits: Commit[] = []
  for (let i = 0; i < count; i += BATCH) {
    const size = Math.min(BATCH, count - i)
    const drafts = Array.from({ length: size }, (_, k) => draft([put(`posts/${i + k}`, 1), put(`other/${i + k}`, 1)]))
    commits.push(...(await store.append(tenant, drafts)).map(committed))
  }
  return commits
}

/** L8. */
export function logContract(subject: StoreSubject): void {
  law(subject, 'L8 from every revision the log gives every later commit once, in order', async (fixture) => {
    const { store, tenant } = fixture
    const count = scaled(subject, 40)
    const all = await fill(fixture, count)
    for (let after = 0; after <= count + 1; after++) {
      const page = await store.log(tenant, { after, limit: ALL })
      expect(page.commits).toEqual(all.slice(after))
      expect([page.floor, page.last]).toEqual([0, count])
    }
  })

  law(subject, 'L8 page after page gives the whole log, whatever the size of the page', async (fixture) => {
    const { store, tenant } = fixture
    const all = await fill(fixture, scaled(subject, 30))
    for (const rows of [1, 3, 7]) {
      const walked: Commit[] = []
      for (;;) {
        const { commits, last } = await store.log(tenant, {
          after: walked.at(-1)?.revision ?? 0,
          limit: { rows, bytes: 1e9 },
        })
        expect(commits.length).toBeGreaterThan(0)
        expect(commits.length).toBeLessThanOrEqual(rows)
        walked.push(...commits)
        if (commits.at(-1)?.revision === last) break
      }
      expect(walked).toEqual(all)
    }
  })

  law(subject, 'the log ends before a revision and, from the back, gives the newest', async (fixture) => {
    const { store, tenant } = fixture
    await fill(fixture, 9)
    const log = async (range: {
      after: number
      before?: number
      reverse?: boolean
      rows?: number
    }): Promise<readonly number[]> => {
      const { rows = 100, ...rest } = range
      return (await store.log(tenant, { ...rest, limit: { rows, bytes: 1e9 } })).commits.map(({ revision }) => revision)
    }
    expect(await log({ after: 2, before: 6 })).toEqual([3, 4, 5])
    expect(await log({ after: 2, before: 6, rows: 2 })).toEqual([3, 4])
    expect(await log({ after: 2, before: 6, rows: 2, reverse: true })).toEqual([4, 5])
    expect(await log({ after: 0, rows: 3, reverse: true })).toEqual([7, 8, 9])
    expect(await log({ after: 8, before: 100 })).toEqual([9])
    expect(await log({ after: 9 })).toEqual([])
    expect(await log({ after: 4, before: 5, reverse: true })).toEqual([])
    expect(await log({ after: 50, reverse: true })).toEqual([])
  })
}
