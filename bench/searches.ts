import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from '../src/core/database.ts'
import { openEngine } from '../src/db/engine.ts'
import { openLmdbStore } from '../src/store/lmdb/lmdb-store.ts'
import { interleaved, number, ratio, reading, table, type Figure } from './figures.ts'
import { put, range, StoreFiller } from './store-filler.ts'

const MANY = 100_000

/** Searches for what is rare, in process. */
export async function searches(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-bench-'))
  const store = await openLmdbStore({ directory })
  const engine = await openEngine(store)
  const db = (tenant: string): Database => engine.database(tenant, { actor: null })
  const filler = new StoreFiller(store)
  await fillNested(filler, 'few', 2)
  await fillNested(filler, 'merged', 256)
  await fillNested(filler, 'wide', 1_000)
  await fillTree(filler, 'tree')
  const figures = await interleaved(
    {
      few: reading(() => db('few').history('posts/1/notes', { last: 10 })),
      merged: reading(() => db('merged').history('posts/1/notes', { last: 10 })),
      wide: reading(() => db('wide').history('posts/1/notes', { last: 10 })),
      wideBack: reading(() => db('wide').history('posts/1/notes', { last: 20 })),
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

function show(figures: Record<'few' | 'merged' | 'wide' | 'wideBack' | 'rare' | 'depth0' | 'bare', Figure>): void {
  const row = (name: string, of: Figure, to: Figure): string[] => [
    name,
    number(of.perSecond),
    ratio(to.perSecond / of.perSecond),
  ]
  console.log('Searches per CPU second (in process)')
  table(
    ['', 'per CPU second', 'cost to the line it is compared with'],
    [
      [
        `last 10 of a nested collection of 2 documents, beside ${number(MANY)} commits`,
        number(figures.few.perSecond),
        '',
      ],
      row('the same of 256 documents', figures.merged, figures.few),
      row('the same of 1,000 documents, all ten behind the others', figures.wide, figures.few),
      row('last 20 of these, which ends early after 10,000 commits', figures.wideBack, figures.few),
      [`one page of documents that match nothing, of ${number(MANY)}`, number(figures.rare.perSecond), ''],
      ['get of 10 documents with depth 0, nothing below', number(figures.bare.perSecond), ''],
      row(`the same with ${number(MANY)} documents below`, figures.depth0, figures.bare),
    ],
  )
}

/** A nested collection, then many commits elsewhere in its top-level collection, then ten of the nested one. */
async function fillNested(filler: StoreFiller, tenant: string, documents: number): Promise<void> {
  await filler.commits(tenant, 1, () => ({ writes: range(documents).map((i) => put(`posts/1/notes/${i}`, 1)) }))
  const versions = new Map<string, number>()
  const write = (path: string): ReturnType<typeof put> => {
    const version = (versions.get(path) ?? (path.startsWith('posts/1/') ? 1 : 0)) + 1
    versions.set(path, version)
    return put(path, version)
  }
  await filler.commits(tenant, MANY, (i) => ({ writes: [write(`posts/busy${i % 997}`)] }))
  await filler.commits(tenant, 10, (i) => ({ writes: [write(`posts/1/notes/${i % documents}`)] }))
}

/** Many documents, ten with many documents below them, and ten with none. */
async function fillTree(filler: StoreFiller, tenant: string): Promise<void> {
  await filler.documents(tenant, MANY, (i) => `posts/${i}`)
  await filler.commits(tenant, 1, () => ({
    writes: range(10).flatMap((i) => [put(`few/${i}`, 1), put(`bare/${i}`, 1)]),
  }))
  await filler.documents(tenant, MANY, (i) => `few/${Math.floor(i / 100) % 10}/below/${i}`)
}
