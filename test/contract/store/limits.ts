import { expect } from 'vitest'
import type { Limit } from '../../../src/store/store.ts'
import { commit, path, put } from '../../support/store/drafts.ts'
import { law, type Fixture, type StoreSubject } from './subject.ts'

/** Ten documents, and ten versions of another one, of about 1,000 bytes each; each in a commit. */
async function fill({ store, tenant }: Fixture): Promise<void> {
  const value = { text: 'x'.repeat(1_000) }
  for (let i = 0; i < 10; i++) await commit(store, tenant, [put(`posts/${i}`, 1, value), put('one/1', i + 1, value)])
}

type Read = (
  fixture: Fixture,
  limit: Limit,
  reverse: boolean,
) => Promise<{ readonly count: number; readonly more: boolean }>

const READS: Readonly<Record<string, Read>> = {
  list: async ({ store, tenant }, limit, reverse) => {
    const { rows, more } = await store.list(tenant, { kind: 'collection', path: ['posts'], limit, reverse })
    return { count: rows.length, more }
  },
  'list as of a revision': async ({ store, tenant }, limit, reverse) => {
    await commit(store, tenant, [])
    const { rows, more } = await store.list(
      tenant,
      { kind: 'below', path: ['posts'], limit, reverse, deleted: true },
      10,
    )
    return { count: rows.length, more }
  },
  history: async ({ store, tenant }, limit, reverse) => {
    const { rows, more } = await store.history(tenant, path('one/1'), { limit, reverse })
    return { count: rows.length, more }
  },
}

/** Every read that makes pages keeps their bounds. */
export function limitContract(subject: StoreSubject): void {
  for (const [name, read] of Object.entries(READS)) {
    for (const reverse of [false, true]) {
      const what = `a page of ${name}${reverse ? ' from the back' : ''}`
      law(
        subject,
        `${what} ends with the first bound that comes, says if there is more, and is never empty`,
        async (fixture) => {
          await fill(fixture)
          const page = async (rows: number, bytes: number): Promise<unknown> => read(fixture, { rows, bytes }, reverse)
          expect(await page(100, 1e9)).toEqual({ count: 10, more: false })
          expect(await page(10, 1e9)).toEqual({ count: 10, more: false })
          expect(await page(9, 1e9)).toEqual({ count: 9, more: true })
          expect(await page(1, 1e9)).toEqual({ count: 1, more: true })
          expect(await page(100, 1)).toEqual({ count: 1, more: true })
          expect(await page(100, 4_500)).toEqual({
            count: expect.toSatisfy((count: number) => count >= 2 && count <= 4),
            more: true,
          })
        },
      )
    }
  }

  law(subject, 'a page of the log ends with the first bound that comes and is never empty', async (fixture) => {
    await fill(fixture)
    const count = async (rows: number, bytes: number, reverse: boolean): Promise<number> =>
      (await fixture.store.log(fixture.tenant, { after: 0, reverse, limit: { rows, bytes } })).commits.length
    for (const reverse of [false, true]) {
      expect(await count(4, 1e9, reverse)).toBe(4)
      expect(await count(100, 1, reverse)).toBe(1)
      expect(await count(100, 9_000, reverse)).toSatisfy((found: number) => found >= 2 && found <= 4)
    }
  })

  law(
    subject,
    'L18 pages of numbered versions have each version once, and all but the last have one',
    async (fixture) => {
      const { store, tenant } = fixture
      await fill(fixture)
      const all = Array.from({ length: 12 }, (_, i) => ({ path: path('one/1'), version: i }))
      for (const bytes of [1, 4_500, 1e9]) {
        const seen: number[] = []
        let pages = 0
        for (let [left, more] = [all, true]; more; pages++) {
          const page = await store.versions(tenant, left, bytes)
          const came = page.rows.map(({ version }) => version)
          expect(came.length > 0 || !page.more).toBe(true)
          seen.push(...came)
          left = left.filter(({ version }) => !came.includes(version))
          more = page.more
        }
        expect(seen.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
        if (bytes === 1e9) expect(pages).toBe(1)
      }
    },
  )
}
