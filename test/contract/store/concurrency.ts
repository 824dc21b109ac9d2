import { expect } from 'vitest'
import type { Path } from '../../../src/core/path.ts'
import type { Version } from '../../../src/core/version.ts'
import type { Snapshot, Store, TenantId } from '../../../src/store/store.ts'
import { ALL, commit, committed, draft, path, put } from '../../support/store/drafts.ts'
import { law, scaled, type StoreSubject } from './subject.ts'
import { turn } from '../../support/time/turns.ts'

const WRITERS = 8

/** One writer: it appends version after version of its own document, each as soon as the one before is acknowledged. */
async function writeAll(store: Store, tenant: TenantId, text: string, count: number): Promise<readonly number[]> {
  const revisions: number[] = []
  for (let version = 1; version <= count; version++) {
    const drafts = [draft([put(text, version), put(`${text}-twin`, version)])]
    revisions.push(...(await store.append(tenant, drafts)).map((result) => committed(result).revision))
  }
  return revisions
}

type Picture = Snapshot<readonly (Version | null)[]>

/** Follows the log until `total` commits were seen. Each page must go on exactly where the last one ended. */
async function follow(
  store: Store,
  tenant: TenantId,
  paths: readonly Path[],
  total: number,
): Promise<readonly Picture[]> {
  const pictures: Picture[] = []
  let seen = 0
  while (seen < total) {
    const picture = await store.heads(tenant, paths)
    const { commits, last } = await store.log(tenant, { after: seen, limit: { rows: 7, bytes: 1e9 } })
    expect(commits.map(({ revision }) => revision)).toEqual(commits.map((_, i) => seen + 1 + i))
    expect(last).toBeGreaterThanOrEqual(picture.revision)
    seen += commits.length
    expect(last).toBeGreaterThanOrEqual(seen)
    if (pictures.at(-1)?.revision !== picture.revision) pictures.push(picture)
    // Reads of a synchronous store would otherwise leave no turn of the event loop to the writers.
    await turn()
  }
  return pictures
}

/** L0. */
export function concurrencyContract(subject: StoreSubject): void {
  law(subject, 'L0 nothing at or below a revision that was seen becomes visible later', async ({ store, tenant }) => {
    const count = scaled(subject, 30)
    const texts = Array.from({ length: WRITERS }, (_, i) => `posts/${i}`)
    const paths = texts.flatMap((text) => [path(text), path(`${text}-twin`)])
    const [pictures, more, ...revisions] = await Promise.all([
      follow(store, tenant, paths, WRITERS * count),
      follow(store, tenant, paths, WRITERS * count),
      ...texts.map((text) => writeAll(store, tenant, text, count)),
    ])
    expect(revisions.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: WRITERS * count }, (_, i) => i + 1))
    for (const picture of [...pictures, ...more]) {
      expect(await store.heads(tenant, paths, picture.revision)).toEqual(picture)
    }
  })

  law(subject, 'L0 what a picture shows is all of its revision and nothing after it', async ({ store, tenant }) => {
    const count = scaled(subject, 20)
    const writing = writeAll(store, tenant, 'posts/1', count)
    const pictures = await follow(store, tenant, [path('posts/1'), path('posts/1-twin')], count)
    await writing
    for (const { revision, rows } of pictures) {
      expect(rows.map((row) => row?.version ?? 0)).toEqual([revision, revision])
    }
  })

  law(subject, 'L0 an acknowledged commit is seen by every read that begins after it', async ({ store, tenant }) => {
    await Promise.all(
      Array.from({ length: 4 }, async (_, i) => {
        for (let version = 1; version <= scaled(subject, 10); version++) {
          const { revision } = await commit(store, tenant, [put(`posts/${i}`, version)])
          expect((await store.heads(tenant, [path(`posts/${i}`)])).rows[0]).toMatchObject({ version, revision })
          expect((await store.log(tenant, { after: revision - 1, limit: ALL })).commits[0]?.revision).toBe(revision)
        }
      }),
    )
  })

  law(subject, 'L2 of writers that race for one version exactly one wins each', async ({ store, tenant }) => {
    for (let version = 1; version <= scaled(subject, 10); version++) {
      const racers = Array.from({ length: WRITERS }, () => store.append(tenant, [draft([put('posts/1', version)])]))
      const kinds = (await Promise.all(racers)).flat().map(({ kind }) => kind)
      expect(kinds.filter((kind) => kind === 'committed')).toHaveLength(1)
      expect(kinds.filter((kind) => kind === 'conflict')).toHaveLength(WRITERS - 1)
    }
  })
}
