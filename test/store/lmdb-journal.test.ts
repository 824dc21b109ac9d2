import { existsSync } from 'node:fs'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { backupData } from '../../src/store/lmdb/copy/backup.ts'
import { compactData } from '../../src/store/lmdb/copy/compact.ts'
import { encodeRecord, readRecords, type JournaledCommit } from '../../src/store/lmdb/journal/record.ts'
import { readJournal } from '../../src/store/lmdb/journal/journal.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { verifyData } from '../../src/store/lmdb/verify/verify.ts'
import type { Draft, Store } from '../../src/store/store.ts'
import { startStore } from '../support/store/child.ts'
import { ALL, commit, draft, path, purge, put, remove } from '../support/store/drafts.ts'
import { freshDirectory, type TemporaryDirectory } from '../support/store/lmdb-directory.ts'

function journaled(revision: number): JournaledCommit {
  const row = Buffer.from(`["c${revision}",1,null,null]\n["posts/é"]\n[1,"NEW",[],1,"${'x'.repeat(revision)}"]`)
  return { tenant: 't', number: 1, revision, previous: revision === 1 ? null : `c${revision - 1}`, versions: 1, row }
}

describe('a record of the journal', () => {
  const records = [[journaled(1)], [journaled(2), journaled(3)], [journaled(4)]]
  const encoded = records.map((commits) => encodeRecord(7, commits))
  const bytes = Buffer.concat([...encoded, Buffer.alloc(100)])
  const ends = encoded.map((_, i) => encoded.slice(0, i + 1).reduce((sum, { length }) => sum + length, 0))
  /** The commits of the records that end at or before a byte. */
  const until = (end: number): readonly JournaledCommit[] => records.filter((_, i) => (ends[i] ?? 0) <= end).flat()

  test('is read as it was written', () => {
    expect(readRecords(bytes)).toEqual({ generation: 7, commits: records.flat(), end: ends[2] })
    expect(readRecords(Buffer.alloc(1_000))).toEqual({ generation: null, commits: [], end: 0 })
  })

  test('counts only when it is whole, wherever the file is cut', () => {
    for (let end = 0; end <= bytes.length; end++) {
      expect(readRecords(bytes.subarray(0, end)).commits).toEqual(until(end))
    }
  })

  test('is the last one where any byte of the next is another', () => {
    for (let at = 0; at < (ends[2] ?? 0); at++) {
      const spoiled = Buffer.from(bytes)
      spoiled[at] = (spoiled[at] ?? 0) ^ 0x41
      expect(readRecords(spoiled).commits).toEqual(until(at))
    }
  })

  test('of another generation ends the records', () => {
    const older = encodeRecord(6, [journaled(5)])
    expect(readRecords(Buffer.concat([...encoded, older])).commits).toEqual(records.flat())
  })
})

/** Drafts of every kind of write, each of which follows the ones before. */
function everyKind(): readonly Draft[] {
  return [
    draft([put('posts/1', 1, { text: 'é'.repeat(100) }), put('posts/1/notes/1', 1, [])], { id: 'a', actor: 'ada' }),
    draft([put('posts/1', 2, { 2: 'b', 1: 'a' }), put('posts/2', 1, 'two')], { id: 'b', digest: 'd' }),
    draft([remove('posts/2', 2)], { id: 'c' }),
    draft([purge('posts/1/notes/1', 2)], { id: 'd' }),
    draft([put('posts/2', 3, null)], { id: 'e' }),
  ]
}

/** All but the epoch, which a backup has anew. */
interface Contents {
  readonly commits: unknown
  readonly heads: unknown
  readonly history: unknown
}

async function contentsOf(store: Pick<Store, 'log' | 'heads' | 'history'>): Promise<Contents> {
  const paths = ['posts/1', 'posts/2', 'posts/1/notes/1'].map(path)
  const { commits } = await store.log('t', { after: 0, limit: ALL })
  return {
    commits,
    heads: await store.heads('t', paths),
    history: await Promise.all(paths.map((each) => store.history('t', each, { limit: ALL }))),
  }
}

/** A directory whose process was killed right after it had acknowledged commits, and what it showed before. */
async function startKilled(): Promise<TemporaryDirectory & { readonly contents: Contents }> {
  const root = await freshDirectory()
  await using child = await startStore(root.path)
  await child.store.append('t', [])
  for (const each of everyKind()) await child.store.append('t', [each])
  const contents = await contentsOf(child.store)
  await child.kill()
  return { ...root, contents }
}

describe('the journal of a process that was killed', () => {
  test('L4 holds what lmdb lacks, and it is there when the data is opened', async () => {
    await using root = await startKilled()
    expect(readJournal(root.path).commits.length).toBeGreaterThan(0)
    const store = await openLmdbStore({ directory: root.path })
    expect(await contentsOf(store)).toEqual(root.contents)
    await commit(store, 't', [put('posts/2', 4)])
    await store.close()
    expect((await verifyData(root.path)).sentences).toEqual([])
  })

  test('is left out where lmdb has all of it, and more', async () => {
    await using root = await startKilled()
    const [file, kept] = [join(root.path, 'journal'), join(root.path, 'kept')]
    await copyFile(file, kept)
    const store = await openLmdbStore({ directory: root.path })
    await commit(store, 't', [put('posts/2', 4)])
    await store.close()
    // An older journal: lmdb has all of it.
    await copyFile(kept, file)
    const again = await openLmdbStore({ directory: root.path })
    expect((await again.heads('t', [path('posts/2')])).rows[0]?.version).toBe(4)
    await again.close()
  })

  test('that lies beside other data is refused, and left as it was', async () => {
    await using root = await startKilled()
    await using other = await freshDirectory()
    const store = await openLmdbStore({ directory: other.path })
    await store.append('t', [])
    await store.close()
    const [last] = readJournal(root.path).commits.slice(-1)
    if (last === undefined) throw new Error('The journal is empty.')
    await writeFile(join(other.path, 'journal'), encodeRecord(1, [last]))
    await expect(openLmdbStore({ directory: other.path })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('does not belong to its data.mdb'),
    })
    expect(readJournal(other.path).commits).toEqual([last])
  })

  test('with a tenant that the data is too old for is refused, and its commits get into no later tenant', async () => {
    await using root = await startKilled()
    await using other = await freshDirectory()
    await (await openLmdbStore({ directory: other.path })).close()
    await copyFile(join(root.path, 'journal'), join(other.path, 'journal'))
    const refused = { code: 'UNAVAILABLE', message: expect.stringContaining('does not belong to its data.mdb') }
    await expect(openLmdbStore({ directory: other.path })).rejects.toMatchObject(refused)
  })

  test('is in a backup, in a verification, and in compacted data', async () => {
    for (const how of ['backup', 'verify', 'compact'] as const) {
      await using root = await startKilled()
      await using target = await freshDirectory()
      const copy = join(target.path, 'copy')
      if (how === 'backup') await backupData(root.path, copy)
      if (how === 'verify') expect((await verifyData(root.path)).sentences).toEqual([])
      if (how === 'compact') await compactData(root.path)
      const store = await openLmdbStore({ directory: how === 'backup' ? copy : root.path })
      expect(await contentsOf(store)).toEqual(root.contents)
      await store.close()
    }
  })
})

describe('the journal of a store that runs', () => {
  test('is in a backup at once', async () => {
    await using root = await freshDirectory()
    await using target = await freshDirectory()
    await using child = await startStore(root.path)
    for (const each of everyKind()) await child.store.append('t', [each])
    const copy = join(target.path, 'copy')
    await backupData(root.path, copy)
    const store = await openLmdbStore({ directory: copy })
    expect(await contentsOf(store)).toEqual(await contentsOf(child.store))
    await store.close()
  })

  test('gives way to lmdb for a commit that it has no room for', async () => {
    await using root = await freshDirectory()
    await using child = await startStore(root.path)
    await child.store.append('t', [])
    const large = 'x'.repeat(400_000)
    await child.store.append('t', [draft([put('posts/1', 1, 'small')])])
    await child.store.append('t', [draft([put('posts/2', 1, large)])])
    await child.store.append('t', [draft([put('posts/3', 1, 'small')])])
    await child.kill()
    const store = await openLmdbStore({ directory: root.path })
    const { rows } = await store.heads('t', ['posts/1', 'posts/2', 'posts/3'].map(path))
    expect(rows.map((row) => row?.value)).toEqual(['small', large, 'small'])
    await store.close()
  })

  test('keeps what was acknowledged when a later batch cannot be written', async () => {
    await using root = await freshDirectory()
    const store = await openLmdbStore({ directory: root.path })
    await store.append('t', everyKind().slice(0, 2))
    const before = await contentsOf(store)
    const broken = { ...draft([]), writes: null } as unknown as Draft
    await expect(store.append('t', [draft([put('posts/9', 1)]), broken])).rejects.toThrow(TypeError)
    expect(await contentsOf(store)).toEqual(before)
    await store.append('t', everyKind().slice(2))
    const after = await contentsOf(store)
    await store.close()
    const again = await openLmdbStore({ directory: root.path })
    expect(await contentsOf(again)).toEqual(after)
    await again.close()
  })

  test('is gone with the store, and no byte of a value stays in it', async () => {
    await using root = await freshDirectory()
    const store = await openLmdbStore({ directory: root.path })
    await store.append('t', everyKind().slice(0, 1))
    expect((await readFile(join(root.path, 'journal'))).includes('ada')).toBe(true)
    await store.close()
    expect(existsSync(join(root.path, 'journal'))).toBe(false)
  })
})
