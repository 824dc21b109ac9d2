import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatCursor } from '../src/core/cursor.ts'
import type { Cursor, Database } from '../src/core/database.ts'
import type { Write } from '../src/core/version.ts'
import { openEngine } from '../src/db/engine.ts'
import { openLmdbStore } from '../src/store/lmdb/lmdb-store.ts'
import type { Store } from '../src/store/store.ts'
import { interleaved, number, progress, ratio, table, type Figure } from './figures.ts'

const FEW = 1_000
const MANY = 100_000
/** Documents of one commit when a collection is filled. */
const GROUP = 100

/** Searches in large logs and among many deleted documents, in process. */
export async function searches(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-bench-'))
  const store = await openLmdbStore({ directory })
  const engine = await openEngine(store)
  const db = (tenant: string): Database => engine.database(tenant, { actor: null })
  const filler = new StoreFiller(store)
  await filler.log('few', FEW)
  await filler.log('many', MANY)
  await filler.log('merged', MANY, 256)
  await filler.log('wide', MANY, 1_000)
  const { far, near } = await filler.tombstones('tombs')
  await filler.tree('tree')
  const figures = await interleaved(
    {
      quietFew: reading(() => db('few').history('quiet', { last: 10 })),
      quietMany: reading(() => db('many').history('quiet', { last: 10 })),
      fieldFew: reading(() => db('few').history('quiet/1/once', { last: 10 })),
      fieldMany: reading(() => db('many').history('quiet/1/once', { last: 10 })),
      merged: reading(() => db('merged').history('quiet', { last: 10 })),
      wide: reading(() => db('wide').history('quiet', { last: 10 })),
      wideBack: reading(() => db('wide').history('quiet', { last: 20 })),
      latest: reading(() => db('tombs').documents('posts', { first: 50 })),
      near: reading(() => db('tombs').documents('posts', { first: 50, asOf: { cursor: near } })),
      far: reading(() => db('tombs').documents('posts', { first: 50, asOf: { cursor: far } })),
      rare: reading(() => db('tree').documents('posts', { where: 'value.n < 0' })),
      depth0: reading(() => db('tree').get('few', { depth: 0 })),
      bare: reading(() => db('tree').get('bare', { depth: 0 })),
    },
    5,
  )
  await engine.close()
  await store.close()
  await rm(directory, { recursive: true })
  show(figures)
}

function show(
  figures: Record<
    | 'quietFew'
    | 'quietMany'
    | 'fieldFew'
    | 'fieldMany'
    | 'merged'
    | 'wide'
    | 'wideBack'
    | 'latest'
    | 'near'
    | 'far'
    | 'rare'
    | 'depth0'
    | 'bare',
    Figure
  >,
): void {
  const row = (name: string, of: Figure, to: Figure): string[] => [
    name,
    number(of.perSecond),
    ratio(to.perSecond / of.perSecond),
  ]
  console.log('Searches per second (in process)')
  table(
    ['', 'per second', 'cost to the line it is compared with'],
    [
      [`last 10 of a collection of 2 documents, beside ${number(FEW)} commits`, number(figures.quietFew.perSecond), ''],
      row(`the same beside ${number(MANY)}`, figures.quietMany, figures.quietFew),
      row('the same of 256 documents', figures.merged, figures.quietFew),
      row('the same of 1,000 documents, all ten behind the others', figures.wide, figures.quietFew),
      row('last 20 of these, which ends early after 10,000 commits', figures.wideBack, figures.quietFew),
      [`a field written once, beside ${number(FEW)} commits`, number(figures.fieldFew.perSecond), ''],
      row(`the same beside ${number(MANY)}`, figures.fieldMany, figures.fieldFew),
      [`50 documents beside ${number(MANY)} deleted ones, latest`, number(figures.latest.perSecond), ''],
      row('the same as of 60 commits ago', figures.near, figures.latest),
      row('the same as of a moment right behind the deletes, 1,000 commits ago', figures.far, figures.latest),
      [`one page of documents that match nothing, of ${number(MANY)}`, number(figures.rare.perSecond), ''],
      ['get of 10 documents with depth 0, nothing below', number(figures.bare.perSecond), ''],
      row(`the same with ${number(MANY)} documents below`, figures.depth0, figures.bare),
    ],
  )
}

/** Repeats a read for about 200 ms. */
function reading(read: () => Promise<unknown>): () => Promise<Figure> {
  return async () => {
    const begun = performance.now()
    let count = 0
    for (; performance.now() - begun < 200; count++) await read()
    return { perSecond: count / ((performance.now() - begun) / 1000) }
  }
}

/** Fills tenants through the store. */
class StoreFiller {
  readonly #store: Store
  #ids = 0

  constructor(store: Store) {
    this.#store = store
  }

  /** A log with a small collection, then `commits` commits of other documents. */
  async log(tenant: string, commits: number, documents = 2): Promise<void> {
    await this.#commit(tenant, [range(documents).map((i) => put(`quiet/${i}`, 1))])
    for (let n = 2; n <= 6; n++) await this.#commit(tenant, [[put('quiet/1', n, ['n'])]])
    const versions = new Map<string, number>()
    await this.#commit(
      tenant,
      range(commits).map((i) => {
        const path = `busy/${i % 997}`
        versions.set(path, (versions.get(path) ?? 0) + 1)
        return [put(path, versions.get(path) ?? 1)]
      }),
    )
    if (documents > 2) {
      await this.#commit(
        tenant,
        range(10).map((i) => [put(`quiet/${i + 10}`, 2)]),
      )
    }
  }

  /** A collection in which all but one of a thousand documents are deleted. */
  async tombstones(tenant: string): Promise<{ readonly far: Cursor; readonly near: Cursor }> {
    const id = (i: number): string => `posts/${String(i).padStart(7, '0')}`
    const groups = range(MANY / GROUP).map((group) => range(GROUP).map((i) => group * GROUP + i))
    await this.#commit(
      tenant,
      groups.map((group) => group.map((i) => put(id(i), 1))),
    )
    await this.#commit(
      tenant,
      groups.map((group) =>
        group.filter((i) => i % 1_000 !== 999).map((i) => ({ ...put(id(i), 2), type: 'DELETE', value: null })),
      ),
    )
    const far = await this.#cursor(tenant)
    await this.#commit(
      tenant,
      range(940).map((i) => [put(`other/${i}`, 1)]),
    )
    const near = await this.#cursor(tenant)
    await this.#commit(
      tenant,
      range(60).map((i) => [put(`more/${i}`, 1)]),
    )
    return { far, near }
  }

  /** Many documents, ten with many documents below them, and ten with none. */
  async tree(tenant: string): Promise<void> {
    await this.#commit(
      tenant,
      range(MANY / GROUP).map((group) => range(GROUP).map((i) => put(`posts/${group * GROUP + i}`, 1))),
    )
    await this.#commit(tenant, [range(10).flatMap((i) => [put(`few/${i}`, 1), put(`bare/${i}`, 1)])])
    await this.#commit(
      tenant,
      range(MANY / GROUP).map((group) =>
        range(GROUP).map((i) => put(`few/${group % 10}/below/${group * GROUP + i}`, 1)),
      ),
    )
  }

  async #commit(tenant: string, commits: readonly (readonly Write[])[]): Promise<void> {
    for (let i = 0; i < commits.length; i += 256) {
      progress(`${tenant}: ${i} of ${commits.length} commits`)
      const drafts = commits
        .slice(i, i + 256)
        .map((writes) => ({ id: `c${this.#ids++}`, at: Date.now(), actor: null, digest: null, expects: [], writes }))
      await this.#store.append(tenant, drafts)
    }
  }

  async #cursor(tenant: string): Promise<Cursor> {
    const { epoch, last } = await this.#store.log(tenant, { after: 0, limit: { rows: 1, bytes: 1 } })
    return formatCursor(epoch, last)
  }
}

function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i)
}

function put(path: string, version: number, fields: readonly string[] = []): Write {
  const value = { once: 'a', n: version, body: 'x'.repeat(100) }
  return {
    path: path.split('/'),
    version,
    type: version === 1 ? 'NEW' : 'UPDATE',
    fields,
    value,
    createdAt: version === 1 ? null : 1,
  }
}
