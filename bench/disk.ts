import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Draft } from '../src/store/store.ts'
import { openLmdbStore } from '../src/store/lmdb/lmdb-store.ts'
import type { Json } from '../src/core/json/json.ts'
import { open, type Database, type RootDatabase } from 'lmdb'
import type { Figure } from './figures.ts'

/** Flushed appends of 4 KiB per second: the disk's limit for one writer. */
export async function appendsPerSecond(ms: number): Promise<Figure> {
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-bench-'))
  const file = openSync(join(directory, 'file'), 'a')
  const block = Buffer.alloc(4096, 1)
  const begun = performance.now()
  let count = 0
  while (performance.now() - begun < ms) {
    writeSync(file, block)
    fdatasyncSync(file)
    count++
  }
  const seconds = (performance.now() - begun) / 1000
  closeSync(file)
  await rm(directory, { recursive: true })
  return { perSecond: count / seconds }
}

interface DirectTables {
  readonly environment: RootDatabase
  readonly tables: readonly Database<string, (string | number)[]>[]
}

/**
 * Versions per second when the rows of posts of `value` (commit, head, version, commit id) are written directly to
 * lmdb, in flushed transactions of `batch` posts.
 */
export async function directPerSecond(value: unknown, batch: number, ms: number): Promise<Figure> {
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-bench-'))
  const environment = open({ path: directory, overlappingSync: false, maxDbs: 8 })
  const tables = ['log', 'heads', 'versions', 'commits'].map((name) =>
    environment.openDB<string, (string | number)[]>({ name, encoding: 'string' }),
  )
  const begun = performance.now()
  let revision = 0
  while (performance.now() - begun < ms) {
    writeBatch({ environment, tables }, JSON.stringify(value), { from: revision, count: batch })
    revision += batch
    // As in a server, other work runs between two transactions.
    await new Promise((resolve) => setImmediate(resolve))
  }
  const seconds = (performance.now() - begun) / 1000
  await environment.close()
  await rm(directory, { recursive: true })
  return { perSecond: revision / seconds }
}

function writeBatch(
  { environment, tables }: DirectTables,
  text: string,
  { from, count }: { readonly from: number; readonly count: number },
): void {
  const [log, heads, versions, commits] = tables
  environment.transactionSync(() => {
    for (let revision = from + 1; revision <= from + count; revision++) {
      const id = `01K${revision.toString(36).padStart(23, '0')}`
      const header = `{"id":"${id}","at":1790000000000,"actor":null,"digest":null}`
      const facts = '"version":1,"type":"NEW","fields":[],"createdAt":1790000000000'
      const line = `{"path":["posts","${id}"],${facts},"value":${text}}`
      void log?.put([1, revision], `${header}\n${line}`)
      void heads?.put([1, 'posts', id], `${header}\n${line}`)
      void versions?.put([1, 'posts', id, revision], `[1,${header.length + 1},${line.length}]`)
      void commits?.put([1, id], String(revision))
    }
  })
}

/** Versions per second of the same batches through the adapter, which checks, numbers and encodes them. */
export async function storePerSecond(value: Json, batch: number, ms: number): Promise<Figure> {
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-bench-'))
  const store = await openLmdbStore({ directory })
  const begun = performance.now()
  let count = 0
  while (performance.now() - begun < ms) {
    await store.append(
      'bench',
      Array.from({ length: batch }, (_, i) => draftOf(value, count + i)),
    )
    count += batch
  }
  const seconds = (performance.now() - begun) / 1000
  await store.close()
  await rm(directory, { recursive: true })
  return { perSecond: count / seconds }
}

function draftOf(value: Json, n: number): Draft {
  const id = `01K${n.toString(36).padStart(23, '0')}`
  const write = { path: ['posts', id], version: 1, type: 'NEW', fields: [], value, createdAt: null } as const
  return { id: `${id}C`, at: Date.now(), actor: null, digest: null, expects: [], writes: [write] }
}
