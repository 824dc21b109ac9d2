import { chmod, cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { backupData } from '../../src/store/lmdb/copy/backup.ts'
import { compactData } from '../../src/store/lmdb/copy/compact.ts'
import { readData } from '../../src/store/lmdb/copy/reader.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { verifyData } from '../../src/store/lmdb/verify/verify.ts'
import type { LogPage, Store } from '../../src/store/store.ts'
import { startStore, type StoreChild } from '../support/store/child.ts'
import { ALL, commit, draft, put, remove } from '../support/store/drafts.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'
import { spoil, writeSample } from '../support/store/spoiled-data.ts'

const log = (store: Pick<Store, 'log'>, tenant: string): Promise<LogPage> => store.log(tenant, { after: 0, limit: ALL })

/** The logs of tenants of a closed directory. */
async function logsOf(directory: string, ...tenants: readonly string[]): Promise<readonly LogPage[]> {
  const store = await openLmdbStore({ directory })
  const logs = await Promise.all(tenants.map((tenant) => log(store, tenant)))
  await store.close()
  return logs
}

const commits = (logs: readonly LogPage[]): unknown => logs.map((page) => page.commits)

describe('a backup', () => {
  test('holds everything, in a directory that opens, and says how much', async () => {
    await using root = await freshDirectory()
    const [data, copy] = [join(root.path, 'data'), join(root.path, 'copy')]
    await writeSample(data)
    const report = await backupData(data, copy)
    const bytes = (await stat(join(copy, 'data.mdb'))).size
    expect(report).toEqual({ directory: copy, tenants: 2, commits: 5, bytes })
    expect((await readdir(copy)).toSorted()).toEqual(['data.mdb', 'format'])
    expect((await verifyData(copy)).violations).toBe(0)
    expect(commits(await logsOf(copy, 'a', 'b'))).toEqual(commits(await logsOf(data, 'a', 'b')))
    expect((await readdir(root.path)).toSorted()).toEqual(['copy', 'data'])
  })

  test('begins a new epoch of each tenant when it is first opened, and then keeps it', async () => {
    await using root = await freshDirectory()
    const [data, copy, other] = [join(root.path, 'data'), join(root.path, 'copy'), join(root.path, 'other')]
    await writeSample(data)
    await backupData(data, copy)
    await cp(copy, other, { recursive: true })
    const epochs = async (directory: string): Promise<readonly string[]> =>
      (await logsOf(directory, 'a', 'b')).map(({ epoch }) => epoch)
    const all = [await epochs(data), await epochs(copy), await epochs(other)]
    expect(new Set(all.flat()).size).toBe(6)
    expect([await epochs(data), await epochs(copy), await epochs(other)]).toEqual(all)
  })

  test('of a backup, or after a compaction, begins a new epoch too', async () => {
    await using root = await freshDirectory()
    const [data, first, second] = [join(root.path, 'data'), join(root.path, 'first'), join(root.path, 'second')]
    await writeSample(data)
    await backupData(data, first)
    await compactData(first)
    await backupData(first, second)
    const epochs = (await Promise.all([data, first, second].map((each) => logsOf(each, 'a')))).flat()
    expect(new Set(epochs.map(({ epoch }) => epoch)).size).toBe(3)
  })

  test('renews the epochs of more tenants than one transaction takes', async () => {
    await using root = await freshDirectory()
    const [data, copy] = [join(root.path, 'data'), join(root.path, 'copy')]
    const tenants = Array.from({ length: 1_200 }, (_, i) => `tenant-${i}`)
    const store = await openLmdbStore({ directory: data })
    await Promise.all(tenants.map((tenant) => store.append(tenant, [draft([put('posts/1', 1)])])))
    await store.close()
    await backupData(data, copy)
    const [before, after] = [await logsOf(data, ...tenants), await logsOf(copy, ...tenants)]
    const known = new Set(before.map(({ epoch }) => epoch))
    expect(after.filter(({ epoch }) => known.has(epoch))).toEqual([])
    expect(after.every(({ last }) => last === 1)).toBe(true)
  })

  test('beside a store that writes has what was acknowledged before', async () => {
    await using root = await freshDirectory()
    const data = join(root.path, 'data')
    await using child = await startStore(data)
    for (let i = 1; i <= 10; i++) {
      await child.store.append('t', [draft([put('posts/1', i)])])
      const more = child.store.append('t', [draft([put(`more/${i}`, 1)])])
      await backupData(data, join(root.path, `${i}`))
      await more
    }
    for (let i = 1; i <= 10; i++) {
      const [page] = await logsOf(join(root.path, `${i}`), 't')
      expect(page?.commits.filter(({ versions }) => versions[0]?.path[0] === 'posts')).toHaveLength(i)
    }
  })

  test('goes to a directory that is empty, and to no other one', async () => {
    await using root = await freshDirectory()
    const [data, empty, full] = [join(root.path, 'data'), join(root.path, 'empty'), join(root.path, 'full')]
    await writeSample(data)
    await mkdir(empty)
    await mkdir(full)
    await writeFile(join(full, 'mine'), '')
    await backupData(data, empty)
    expect((await verifyData(empty)).commits).toBe(5)
    const refused = { code: 'BAD_REQUEST', details: { argument: 'directory' } }
    for (const target of [full, join(full, 'mine'), join(full, 'mine', 'x'), join(root.path, 'none', 'x'), empty]) {
      await expect(backupData(data, target)).rejects.toMatchObject(refused)
    }
    expect((await readdir(root.path)).toSorted()).toEqual(['data', 'empty', 'full'])
    expect(await readdir(full)).toEqual(['mine'])
  })

  test('that is ended by a signal leaves nothing', async () => {
    await using root = await freshDirectory()
    const data = join(root.path, 'data')
    await writeSample(data)
    const controller = new AbortController()
    const onProgress = (): void => controller.abort(new Error('enough'))
    await expect(backupData(data, join(root.path, 'copy'), { signal: controller.signal, onProgress })).rejects.toThrow(
      'enough',
    )
    expect(await readdir(root.path)).toEqual(['data'])
    await logsOf(data, 'a')
  })
})

describe('a compaction', () => {
  test('keeps everything but the bytes of what was removed, and the epoch', async () => {
    await using root = await freshDirectory()
    const store = await openLmdbStore({ directory: root.path })
    await commit(store, 'kept', [put('posts/1', 1, 'x')])
    await commit(store, 'dropped', [put('posts/1', 1, `secret ${'y'.repeat(50_000)}`)])
    await commit(store, 'dropped', [put('posts/2', 1, 'secret'), remove('posts/1', 2)])
    await store.drop('dropped')
    const before = await log(store, 'kept')
    await store.close()
    const file = join(root.path, 'data.mdb')
    expect((await readFile(file)).includes('secret')).toBe(true)
    const size = (await stat(file)).size
    const report = await compactData(root.path)
    const bytes = await readFile(file)
    expect(report).toEqual({ directory: root.path, bytesBefore: size, bytesAfter: bytes.length, unfinishedPurges: 0 })
    expect(bytes.length).toBeLessThan(size)
    expect(bytes.includes('secret')).toBe(false)
    expect((await verifyData(root.path)).violations).toBe(0)
    expect(await logsOf(root.path, 'kept')).toEqual([before])
    expect((await readdir(root.path)).toSorted()).toEqual([
      'data.mdb',
      'format',
      'inode',
      'lock.mdb',
      'owner',
      'probe',
      'readers',
    ])
  })

  test('is refused while a server has the data, and while it is read', async () => {
    await using root = await freshDirectory()
    await writeSample(root.path)
    {
      await using child = await startStore(root.path)
      await expect(compactData(root.path)).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringMatching(/is in use/),
      })
      expect((await child.store.log('a', { after: 0, limit: ALL })).last).toBe(4)
    }
    await readData(root.path, {}, async (reader) => {
      await expect(compactData(root.path)).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringMatching(/is being read/),
      })
      expect(reader.tables.size).toBeGreaterThan(7)
    })
    await compactData(root.path)
  })

  test('that is ended by a signal leaves everything as it was', async () => {
    await using root = await freshDirectory()
    await writeSample(root.path)
    const before = await readFile(join(root.path, 'data.mdb'))
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(compactData(root.path, { signal })).rejects.toThrow('enough')
    expect((await readFile(join(root.path, 'data.mdb'))).equals(before)).toBe(true)
    expect(await readdir(root.path)).not.toContain('compact.new')
  })

  test('removes what a killed one left, as the next start does', async () => {
    await using root = await freshDirectory()
    await writeSample(root.path)
    const left = join(root.path, 'compact.new')
    for (const next of [() => compactData(root.path), () => logsOf(root.path, 'a')]) {
      await mkdir(left)
      await writeFile(join(left, 'data.mdb'), 'half')
      await next()
      expect(await readdir(root.path)).not.toContain('compact.new')
    }
  })
})

test('a reader makes its lock so that the server may look at it, whoever the two are', async () => {
  await using root = await freshDirectory()
  await writeSample(root.path)
  await verifyData(root.path)
  const modeOf = async (): Promise<number> => (await stat(join(root.path, 'readers'))).mode & 0o777
  expect(await modeOf()).toBe(0o600)
  await rm(join(root.path, 'readers'))
  await chmod(root.path, 0o755)
  await verifyData(root.path)
  expect(await modeOf()).toBe(0o666)
})

describe('a store', () => {
  test('that writes leaves what is read beside it as it was', async () => {
    await using root = await freshDirectory()
    await writeSample(root.path)
    await using child = await startStore(root.path)
    await readData(root.path, {}, async (reader) => {
      const { tables, transaction } = reader
      const row = (revision: number): Buffer | undefined => tables.get('log')?.get([1, revision], { transaction })
      const before = [1, 2, 3, 4].map(row)
      for (let version = 1; version <= 200; version++) {
        await child.store.append('a', [draft([put('posts/9', version, 'z'.repeat(10_000))])])
      }
      expect([1, 2, 3, 4].map(row)).toEqual(before)
      expect(before.every((each) => each !== undefined && !each.includes('zzz'))).toBe(true)
      expect(row(5)).toBeUndefined()
      reader.assertReadable()
    })
  })

  test('that is opened while the data is read makes the reader begin anew', async () => {
    await using root = await freshDirectory()
    await writeSample(root.path)
    const seen: unknown[] = []
    let child: StoreChild | null = null
    await readData(root.path, {}, async (reader) => {
      seen.push(reader.tables.get('log')?.getCount({ transaction: reader.transaction }))
      child ??= await startStore(root.path)
      await child.store.append('a', [draft([put(`other/${seen.length}`, 1)])])
      reader.assertReadable()
    })
    await (child as StoreChild | null)?.kill()
    expect(seen).toEqual([5, 6])
  })

  test('checks a data file that it has not opened before, and no other one', async () => {
    await using root = await freshDirectory()
    const [data, copy] = [join(root.path, 'data'), join(root.path, 'copy')]
    await writeSample(data)
    await cp(data, copy, { recursive: true })
    for (const directory of [data, copy]) {
      // A page that opening does not read.
      const file = join(directory, 'data.mdb')
      const bytes = await readFile(file)
      const at = bytes.indexOf('x'.repeat(5_000))
      expect(at).toBeGreaterThan(0)
      const page = Math.ceil(at / 4_096)
      bytes.fill(0, page * 4_096, page * 4_096 + 4_096)
      await writeFile(file, bytes)
    }
    await (await openLmdbStore({ directory: data })).close()
    await expect(openLmdbStore({ directory: copy })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(
        /The data file .*data\.mdb is damaged.*page \d+ is not the middle of a value.*restore it/,
      ),
    })
    await rm(join(data, 'inode'))
    await expect(verifyData(data)).rejects.toMatchObject({ details: { damage: expect.stringMatching(/table log/) } })
    await expect(backupData(data, join(root.path, 'b'))).rejects.toMatchObject({
      details: { damage: expect.stringMatching(/table log/) },
    })
    await expect(compactData(data)).rejects.toMatchObject({ details: { damage: expect.stringMatching(/table log/) } })
    expect((await readdir(root.path)).toSorted()).toEqual(['copy', 'data'])
  })

  test('that meets a damaged page in a file that it knows says so as well', async () => {
    await using root = await freshDirectory()
    const data = join(root.path, 'data')
    await writeSample(data)
    const file = join(data, 'data.mdb')
    const bytes = await readFile(file)
    for (let at = 2 * 4_096; at < bytes.length; at += 4_096) {
      const isLeaf = bytes.readUInt32LE(at) === at / 4_096 && bytes.readUInt16LE(at + 18) === 2
      // Marks the leaves of the log and of the heads as meta pages.
      if (isLeaf && bytes.subarray(at, at + 4_096).includes('"ada"')) bytes.writeUInt16LE(8, at + 18)
    }
    await writeFile(file, bytes)
    const damaged = { code: 'UNAVAILABLE', message: expect.stringMatching(/data\.mdb is damaged.*\(MDB_CORRUPTED.*\)/) }
    await expect(backupData(data, join(root.path, 'copy'))).rejects.toMatchObject(damaged)
    await expect(compactData(data)).rejects.toMatchObject(damaged)
    expect(await readdir(root.path)).toEqual(['data'])
    expect((await verifyData(data)).sentences.join()).toMatch(/page \d+ is marked 8/)
  })

  test('renews epochs again where it was ended before they all were', async () => {
    await using root = await freshDirectory()
    await writeSample(root.path)
    const [before] = await logsOf(root.path, 'a')
    spoil(root.path, ({ counters }) => void counters.put('backup', 1))
    const [after] = await logsOf(root.path, 'a')
    expect(after?.epoch).not.toBe(before?.epoch)
    expect(await logsOf(root.path, 'a')).toEqual([after])
  })
})
