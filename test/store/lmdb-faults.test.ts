import { copyFile, mkdir, readdir, rename, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DatabaseError } from '../../src/core/error.ts'
import { backupData } from '../../src/store/lmdb/copy/backup.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import type { Draft, Store } from '../../src/store/store.ts'
import {
  ERRNO,
  noInjection,
  startFaultyStore,
  type FaultyCall,
  type FaultyStore,
} from '../support/store/fault-injection.ts'
import { mountTmpfs, noMount } from '../support/store/fault-mount.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'
import { startStore, type RemoteStore } from '../support/store/child.ts'
import { ALL, committed, draft, path, put } from '../support/store/drafts.ts'

/** A document that nothing else writes, and one that all write to. */
function nextDraft(number: number, size: number): Draft {
  return draft([put(`posts/${number}`, 1, 'x'.repeat(size)), put('posts/all', number, number)], { id: `k${number}` })
}

/** The error that an append must end with. */
async function refusal(store: RemoteStore, what: Draft): Promise<DatabaseError> {
  const error: unknown = await store.append('t', [what]).catch((reason: unknown) => reason)
  if (!(error instanceof DatabaseError)) throw new Error(`expected a refusal, got ${JSON.stringify(error)}`)
  return error
}

/** That the store holds these commits and nothing else, in the log, the heads and the list alike. */
async function expectExactly(store: RemoteStore, count: number): Promise<void> {
  const { commits, last } = await store.log('t', { after: 0, limit: ALL })
  const numbers = Array.from({ length: count }, (_, i) => i + 1)
  expect(last).toBe(count)
  expect(commits.map(({ id, revision }) => [id, revision])).toEqual(numbers.map((number) => [`k${number}`, number]))
  const heads = await store.heads('t', [path('posts/all'), path(`posts/${count + 1}`)])
  expect(heads.rows.map((row) => row?.value)).toEqual([count || undefined, undefined])
  const { rows } = await store.list('t', { kind: 'collection', path: ['posts'], limit: ALL })
  expect(rows).toHaveLength(count === 0 ? 0 : count + 1)
}

/** Appends until the store refuses; gives the number that was refused, and why. */
async function fill(
  store: Pick<Store, 'append'>,
  from: number,
): Promise<{ readonly refused: number; readonly error: DatabaseError }> {
  for (let number = from; number < from + 1_000; number++) {
    const what = nextDraft(number, 20_000)
    const done = await store.append('t', [what]).catch((error: unknown) => error)
    if (done instanceof DatabaseError) return { refused: number, error: done }
  }
  throw new Error('the disk never filled')
}

/** Bytes that a file system has left. */
async function roomIn(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize
}

const REPLACED =
  /^The data directory \S+ was moved, removed or replaced while the server ran: put it back, or restart the server\.$/
const REPLACED_FILE =
  /^The data file \S+ was moved, removed or replaced while the server ran: put it back, or restart the server\.$/

interface FullStore extends AsyncDisposable {
  readonly directory: string
  /** A free path on the same disk. */
  readonly aside: string
  readonly store: Store
  /** The number of the commit that was refused. */
  readonly next: number
}

/** A store that has just met a full disk, on which there is room again: its next use opens the environment again. */
async function startFull(): Promise<FullStore> {
  const mount = mountTmpfs(8_192)
  const [directory, ballast] = [join(mount.path, 'data'), join(mount.path, 'ballast')]
  await writeFile(ballast, Buffer.alloc(7 * 1_048_576))
  const store = await openLmdbStore({ directory })
  const { refused, error } = await fill(store, 1)
  expect(error.code).toBe('STORAGE_FULL')
  await rm(ballast)
  const dispose = async (): Promise<void> => {
    await store.close()
    mount[Symbol.dispose]()
  }
  return { directory, aside: join(mount.path, 'aside'), store, next: refused, [Symbol.asyncDispose]: dispose }
}

/** Expects that every use is refused, writes and reads. */
async function expectRefused({ store, next }: FullStore, message: RegExp): Promise<void> {
  for (let attempt = 0; attempt < 2; attempt++) {
    const expected = {
      code: 'UNAVAILABLE',
      message: expect.stringMatching(message),
      details: { retryAfterMs: expect.any(Number) },
    }
    expect(await refusal(store, nextDraft(next, 10))).toMatchObject(expected)
    await expect(store.heads('t', [path('posts/all')])).rejects.toMatchObject(expected)
  }
}

describe.skipIf(noMount !== null)(`a full disk${noMount === null ? '' : ` (skipped: ${noMount})`}`, () => {
  test('refuses writes with STORAGE_FULL, reads on, and writes again when there is room', async () => {
    using mount = mountTmpfs(4_096)
    const ballast = join(mount.path, 'ballast')
    await writeFile(ballast, Buffer.alloc(1_048_576))
    const store = await openLmdbStore({ directory: join(mount.path, 'data') })
    const { refused, error } = await fill(store, 1)
    expect(error).toMatchObject({ code: 'STORAGE_FULL', details: { retryAfterMs: expect.any(Number) } })
    expect(refused).toBeGreaterThan(10)
    for (let attempt = 0; attempt < 5; attempt++) {
      expect(await refusal(store, nextDraft(refused, 200_000))).toMatchObject({ code: 'STORAGE_FULL' })
      await expectExactly(store, refused - 1)
    }
    await rm(ballast)
    const again = await fill(store, refused)
    expect(again.refused).toBeGreaterThan(refused + 5)
    await expectExactly(store, again.refused - 1)
    await store.close()
  })

  test('is met before lmdb meets it, whatever room is left', async () => {
    for (const room of [20, 120, 200]) {
      using mount = mountTmpfs(8_192)
      const store = await openLmdbStore({ directory: join(mount.path, 'data') })
      await writeFile(join(mount.path, 'ballast'), Buffer.alloc((await roomIn(mount.path)) - room * 1_024))
      const { error } = await fill(store, 1)
      // lmdb gives EIO, or writes past a buffer of its own.
      expect(error).toMatchObject({ code: 'STORAGE_FULL', cause: { code: 'ENOSPC', syscall: 'write' } })
      await store.close()
    }
  })

  test('keeps no read from its result, and no backup from what was acknowledged', async () => {
    using mount = mountTmpfs(8_192)
    await using target = await freshDirectory()
    const directory = join(mount.path, 'data')
    await using child = await startStore(directory)
    await writeFile(join(mount.path, 'ballast'), Buffer.alloc((await roomIn(mount.path)) - 500 * 1_024))
    const { refused } = await fill(child.store, 1)
    // The store opens its data again at the next use, and readers end then.
    await child.store.heads('t', [path('posts/all')])
    let isOver = false
    const reads = (async () => {
      while (!isOver) await child.store.heads('t', [path('posts/all')])
    })()
    try {
      const { commits } = await backupData(directory, join(target.path, 'copy'))
      expect(commits).toBe(refused - 1)
    } finally {
      isOver = true
    }
    await reads
  }, 60_000)

  test('L4 leaves a directory alone that took the place of its own, and writes on when that is back', async () => {
    await using full = await startFull()
    await rename(full.directory, full.aside)
    await expectRefused(full, REPLACED)
    await mkdir(full.directory)
    await expectRefused(full, REPLACED)
    expect(await readdir(full.directory)).toEqual([])
    const other = await openLmdbStore({ directory: full.directory })
    committed((await other.append('t', [nextDraft(1, 10)]))[0])
    await expectRefused(full, REPLACED)
    await expectExactly(other, 1)
    await other.close()
    await rm(full.directory, { recursive: true })
    await rename(full.aside, full.directory)
    expect(committed((await full.store.append('t', [nextDraft(full.next, 10)]))[0]).revision).toBe(full.next)
    await expectExactly(full.store, full.next)
  })

  test('L4 leaves a data file alone that took the place of its own, and writes on when that is back', async () => {
    await using full = await startFull()
    const file = join(full.directory, 'data.mdb')
    await rename(file, full.aside)
    await expectRefused(full, REPLACED_FILE)
    expect(await readdir(full.directory)).not.toContain('data.mdb')
    await copyFile(full.aside, file)
    await expectRefused(full, REPLACED_FILE)
    await rename(full.aside, file)
    expect(committed((await full.store.append('t', [nextDraft(full.next, 10)]))[0]).revision).toBe(full.next)
    await expectExactly(full.store, full.next)
  })

  test('closes without touching what took the place of its directory', async () => {
    await using full = await startFull()
    await rename(full.directory, full.aside)
    const other = await openLmdbStore({ directory: full.directory })
    await full.store.close()
    expect(await readdir(full.directory)).toContain('lock')
    await other.close()
  })

  test('is told when the store is opened', async () => {
    using mount = mountTmpfs(32)
    const error: unknown = await openLmdbStore({ directory: join(mount.path, 'data') }).catch(
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({
      code: 'STORAGE_FULL',
      message: expect.stringContaining('There is no room left for the data directory'),
    })
  })
})

/** Runs with a faulty store; afterwards what it acknowledged must be there when the data is opened again. */
async function withFaultyStore(
  run: (faulty: FaultyStore & { readonly directory: string }) => Promise<number>,
): Promise<void> {
  await using root = await freshDirectory()
  const directory = join(root.path, 'data')
  await using faulty = await startFaultyStore(directory, join(root.path, 'control'))
  const count = await run({ ...faulty, directory })
  await expectExactly(faulty.store, count)
  await faulty.kill()
  const store = await openLmdbStore({ directory })
  await expectExactly(store, count)
  await store.close()
}

async function appendSome(store: RemoteStore, from: number, to: number): Promise<void> {
  for (let number = from; number <= to; number++) committed((await store.append('t', [nextDraft(number, 9_000)]))[0])
}

/**
 * Repeats an append until it is acknowledged; gives how often it failed. Where the root was written but its flush
 * failed, the commit may be there: the retry then finds it.
 */
async function appendAtLast(store: RemoteStore, what: Draft): Promise<number> {
  for (let failures = 0; failures < 200; failures++) {
    const results = await store.append('t', [what]).catch((error: unknown) => error)
    if (!(results instanceof Error)) return failures
    expect(results).toMatchObject({ code: 'UNAVAILABLE' })
  }
  throw new Error('the store did not recover')
}

interface Fault {
  readonly title: string
  readonly calls: readonly FaultyCall[]
  readonly errno: number
  readonly code: string
}

const FAULTS: readonly Fault[] = [
  { title: 'nothing can be written (EIO)', calls: ['pwrite'], errno: ERRNO.EIO, code: 'UNAVAILABLE' },
  { title: 'the flush fails (EIO)', calls: ['fdatasync'], errno: ERRNO.EIO, code: 'UNAVAILABLE' },
  { title: 'everything fails (EIO)', calls: ['pwrite', 'fdatasync'], errno: ERRNO.EIO, code: 'UNAVAILABLE' },
  { title: 'there is no room (ENOSPC)', calls: ['pwrite'], errno: ERRNO.ENOSPC, code: 'STORAGE_FULL' },
  { title: 'the flush finds no room (ENOSPC)', calls: ['fdatasync'], errno: ERRNO.ENOSPC, code: 'STORAGE_FULL' },
]

describe.skipIf(noInjection !== null)(
  `a disk that fails${noInjection === null ? '' : ` (skipped: ${noInjection})`}`,
  () => {
    for (const { title, calls, errno, code } of FAULTS) {
      test(`L4 when ${title}, no write is acknowledged, reads go on, and writing resumes by itself`, () =>
        withFaultyStore(async (faulty) => {
          const { store } = faulty
          await appendSome(store, 1, 5)
          for (const number of [6, 9]) {
            await faulty.fail(calls, errno)
            for (let attempt = 0; attempt < 3; attempt++) {
              expect(await refusal(store, nextDraft(number, 9_000))).toMatchObject({
                code,
                details: { retryAfterMs: expect.any(Number) },
              })
              await expectExactly(store, number - 1)
            }
            await faulty.heal()
            await appendSome(store, number, number + 2)
          }
          return 11
        }))
    }

    test('L4 when writes come out short and flushes fail at random, retries make each commit once', () =>
      withFaultyStore(async (faulty) => {
        const count = 60
        let failures = 0
        await faulty.failAtRandom(['shortPwrite', 'shortWritev', 'fdatasync'], 0.15)
        for (let number = 1; number <= count; number++) {
          failures += await appendAtLast(faulty.store, nextDraft(number, 100))
        }
        await faulty.heal()
        expect(failures).toBeGreaterThan(0)
        return count
      }))

    test(
      'when the flush fails, a backup that cannot be made keeps reads from nothing',
      () =>
        withFaultyStore(async (faulty) => {
          const { store, directory } = faulty
          await using target = await freshDirectory()
          await appendSome(store, 1, 2)
          await faulty.fail(['fdatasync'], ERRNO.EIO)
          await refusal(store, nextDraft(3, 100))
          const reads = { done: 0, refused: 0 }
          let isOver = false
          const reading = (async () => {
            while (!isOver) {
              await store.heads('t', [path('posts/all')]).then(
                () => reads.done++,
                () => reads.refused++,
              )
            }
          })()
          await backupData(directory, join(target.path, 'copy')).catch(() => undefined)
          isOver = true
          await reading
          // A read is refused while a reader ends, not as long as one waits.
          expect(reads.refused).toBeLessThan(1_000)
          await faulty.heal()
          await appendSome(store, 3, 3)
          return 3
        }),
      60_000,
    )

    test('L3 an append of several tenants that fails leaves nothing of any', () =>
      withFaultyStore(async (faulty) => {
        const { store } = faulty
        await appendSome(store, 1, 2)
        await faulty.fail(['fdatasync'], ERRNO.EIO)
        const appends = ['t', 'u', 'v'].map((tenant) => store.append(tenant, [nextDraft(3, 100)]))
        const results = await Promise.allSettled(appends)
        expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
        await faulty.heal()
        for (const tenant of ['u', 'v']) expect((await store.log(tenant, { after: 0, limit: ALL })).last).toBe(0)
        await appendSome(store, 3, 3)
        return 3
      }))
  },
)
