import fs from 'node:fs'
import { cp, readFile, stat, writeFile, chmod, mkdir, rm } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import type { DatabaseError } from '../../src/core/error.ts'
import type { Draft, Store } from '../../src/store/store.ts'
import { ALL, commit, draft, put } from '../support/store/drafts.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'

/** What a flush of the journal does: it fails before or after its bytes are on disk, or it does not fail. */
type Flush = 'done' | 'written' | 'lost'

/** The journal as the disk has it, at worst. */
interface JournalDisk extends Disposable {
  /** The next flushes; all others are done. */
  next: Flush[]
  /** Whether the end of the records cannot be written. */
  isReadOnly: boolean
  content: Buffer
}

function failure(call: string): Error {
  return Object.assign(new Error(`EIO: i/o error, ${call}`), { code: 'EIO', syscall: call })
}

function journalDisk(directory: string): JournalDisk {
  const { fdatasyncSync, writeSync } = fs
  const disk: JournalDisk = {
    next: [],
    isReadOnly: false,
    content: fs.readFileSync(join(directory, 'journal')),
    [Symbol.dispose]: () => {
      Object.assign(fs, { fdatasyncSync, writeSync })
      syncBuiltinESMExports()
    },
  }
  fs.fdatasyncSync = (file) => {
    const how = disk.next.shift() ?? 'done'
    if (how !== 'lost') disk.content = fs.readFileSync(join(directory, 'journal'))
    if (how !== 'done') throw failure('fdatasync')
    fdatasyncSync(file)
  }
  fs.writeSync = ((...args: Parameters<typeof writeSync>) => {
    if (disk.isReadOnly && (args[1] as unknown as Buffer).length === 12) throw failure('write')
    return writeSync(...args)
  }) as typeof writeSync
  syncBuiltinESMExports()
  return disk
}

async function idsIn(store: Store): Promise<readonly string[]> {
  return (await store.log('t', { after: 0, limit: ALL })).commits.map(({ id }) => id)
}

/** The commits that a store finds after the power was lost. */
async function afterPowerLoss(directory: string, { content }: JournalDisk): Promise<readonly string[]> {
  await using root = await freshDirectory()
  const copy = join(root.path, 'data')
  await cp(directory, copy, { recursive: true })
  await writeFile(join(copy, 'journal'), content)
  const store = await openLmdbStore({ directory: copy })
  const ids = await idsIn(store)
  await store.close()
  return ids
}

/** A store with one commit, `a`. */
async function openWithOne(directory: string): Promise<Store> {
  const store = await openLmdbStore({ directory })
  await commit(store, 't', [put('posts/1', 1)], { id: 'a' })
  return store
}

const REFUSED: readonly Draft[] = [
  draft([put('posts/2', 1)], { id: 'refused-1' }),
  draft([put('posts/3', 1)], { id: 'refused-2' }),
]

async function refusal(store: Store): Promise<DatabaseError> {
  return store.append('t', REFUSED).then(
    () => Promise.reject(new Error('The append was not refused.')),
    (error: unknown) => error as DatabaseError,
  )
}

describe('a record of the journal whose flush fails', () => {
  test('L4 is not there after a power loss when the client is told that nothing was done', async () => {
    await using root = await freshDirectory()
    const store = await openWithOne(root.path)
    using disk = journalDisk(root.path)
    disk.next = ['written', 'done']
    expect((await refusal(store)).details).toEqual({ retryAfterMs: expect.any(Number) })
    expect(await afterPowerLoss(root.path, disk)).toEqual(['a'])
    await store.close()
  })

  test('may be there after a power loss when the client is told that it is not known', async () => {
    await using root = await freshDirectory()
    const store = await openWithOne(root.path)
    using disk = journalDisk(root.path)
    disk.next = ['written', 'lost']
    expect((await refusal(store)).details).toMatchObject({ outcome: 'UNKNOWN' })
    expect(await afterPowerLoss(root.path, disk)).toEqual(['a', 'refused-1', 'refused-2'])
    expect(await idsIn(store)).toEqual(['a'])
    await store.close()
  })

  test('is not read by the same process, though its end cannot be written', async () => {
    await using root = await freshDirectory()
    const store = await openWithOne(root.path)
    using disk = journalDisk(root.path)
    disk.next = ['written']
    disk.isReadOnly = true
    expect((await refusal(store)).details).toMatchObject({ outcome: 'UNKNOWN' })
    expect(await idsIn(store)).toEqual(['a'])
    disk.isReadOnly = false
    await commit(store, 't', [put('posts/2', 1)], { id: 'b' })
    expect(await afterPowerLoss(root.path, disk)).toEqual(['a', 'b'])
    await store.close()
  })

  test('L4 is gone before lmdb commits something else in its place', async () => {
    await using root = await freshDirectory()
    const store = await openWithOne(root.path)
    using disk = journalDisk(root.path)
    disk.next = ['written', 'lost']
    await refusal(store)
    await commit(store, 't', [put('posts/2', 1, 'x'.repeat(300_000))], { id: 'large' })
    expect(await afterPowerLoss(root.path, disk)).toEqual(['a', 'large'])
    await store.close()
  })
})

describe('the file journal', () => {
  test('has the mode of the data file: what reads one for a backup reads the other', async () => {
    await using root = await freshDirectory()
    await (await openLmdbStore({ directory: root.path })).close()
    await chmod(join(root.path, 'data.mdb'), 0o640)
    const store = await openLmdbStore({ directory: root.path })
    expect((await stat(join(root.path, 'journal'))).mode & 0o777).toBe(0o640)
    await store.close()
  })

  test('stays when the store is closed without its commits in lmdb', async () => {
    await using root = await freshDirectory()
    const store = await openWithOne(root.path)
    await commit(store, 't', [put('posts/2', 1)], { id: 'b' })
    // Someone removes the data file, and has its content: nothing is committed any more.
    const data = await readFile(join(root.path, 'data.mdb'))
    await rm(join(root.path, 'data.mdb'))
    await store.close()
    await using other = await freshDirectory()
    const copy = join(other.path, 'data')
    await mkdir(copy)
    for (const name of ['format', 'journal']) await cp(join(root.path, name), join(copy, name))
    await writeFile(join(copy, 'data.mdb'), data)
    const again = await openLmdbStore({ directory: copy })
    expect(await idsIn(again)).toEqual(['a', 'b'])
    await again.close()
  })
})
