import { existsSync } from 'node:fs'
import { mkdir, readFile, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DatabaseError } from '../../src/core/error.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { mountTmpfs, noMount } from '../support/store/fault-mount.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'
import { startStore } from '../support/store/child.ts'
import { commit, path, put } from '../support/store/drafts.ts'
import { until } from '../support/time/until.ts'

/** The refusal to open, which is one sentence with the code UNAVAILABLE. */
async function refusal(directory: string): Promise<string> {
  const error: unknown = await openLmdbStore({ directory }).then(
    (store) => store.close(),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(DatabaseError)
  const { code, message } = error as DatabaseError
  expect([code, message.includes('\n')]).toEqual(['UNAVAILABLE', false])
  return message
}

async function opens(directory: string): Promise<void> {
  const store = await openLmdbStore({ directory })
  await store.close()
}

describe('opening a data directory', () => {
  test('makes it, with those above it', async () => {
    await using root = await freshDirectory()
    const directory = join(root.path, 'a', 'b c', 'ü')
    const store = await openLmdbStore({ directory })
    await commit(store, 't', [put('posts/1', 1)])
    await store.close()
    expect(await readdir(directory)).toEqual(['data.mdb', 'format', 'inode', 'lock.mdb', 'owner', 'probe'])
    expect(await readFile(join(directory, 'format'), 'utf8')).toBe('1\n')
  })

  test('refuses a file, and a path below a file', async () => {
    await using root = await freshDirectory()
    const file = join(root.path, 'file')
    await writeFile(file, 'mine')
    expect(await refusal(file)).toBe(`The data directory ${file} is a file, or lies below one: choose a directory.`)
    const below = join(file, 'data')
    expect(await refusal(below)).toBe(`The data directory ${below} is a file, or lies below one: choose a directory.`)
    expect(await readFile(file, 'utf8')).toBe('mine')
  })

  test('refuses at once where no directory can be made, as below /proc', async () => {
    expect(await refusal('/proc/tidemark/data')).toMatch(
      /^The data directory \/proc\/tidemark\/data cannot be written \(E\w+\): /,
    )
  })

  test('acknowledges nothing after its directory was removed, and goes on reading', async () => {
    await using root = await freshDirectory()
    const store = await openLmdbStore({ directory: root.path })
    await commit(store, 't', [put('posts/1', 1)])
    await rm(root.path, { recursive: true })
    await expect(commit(store, 't', [put('posts/2', 1)])).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect((await store.heads('t', [path('posts/1')])).rows[0]?.value).toEqual({ version: 1 })
    await store.close()
  })

  test('refuses a newer format, and a mark that it cannot read, and touches nothing', async () => {
    await using root = await freshDirectory()
    await writeFile(join(root.path, 'format'), '3\n')
    expect(await refusal(root.path)).toBe(
      `The data directory ${root.path} is of the newer format 3; this release reads up to 2: ` +
        'start the release that wrote it, or choose another directory.',
    )
    await writeFile(join(root.path, 'format'), 'x')
    expect(await refusal(root.path)).toContain('has an unreadable mark of its format')
    expect(await readdir(root.path)).toEqual(['format'])
  })

  test('takes no notice of a probe that cannot be written, as another user may have left one', async () => {
    await using root = await freshDirectory()
    // A link to itself: this user may write every file.
    await symlink('probe', join(root.path, 'probe'))
    await (await openLmdbStore({ directory: root.path })).close()
  })

  test('refuses a directory whose data file is gone, and opens it when that is back', async () => {
    await using root = await freshDirectory()
    const file = join(root.path, 'data.mdb')
    await opens(root.path)
    await rename(file, `${file}.away`)
    expect(await refusal(root.path)).toMatch(/data\.mdb is damaged.* \(it is missing, and the directory had one\)/)
    expect(existsSync(file)).toBe(false)
    await rename(`${file}.away`, file)
    await opens(root.path)
  })

  test("refuses data that is not lmdb's, and gives the directory free", async () => {
    await using root = await freshDirectory()
    await writeFile(join(root.path, 'data.mdb'), 'not a database, but long enough. '.repeat(1_000))
    expect(await refusal(root.path)).toMatch(/damaged.*restore/)
    expect(await readdir(root.path)).not.toContain('lock')
  })

  test.skipIf(noMount !== null)(
    `refuses one that cannot be written${noMount === null ? '' : ` (skipped: ${noMount})`}`,
    async () => {
      using mount = mountTmpfs(1_024)
      await mkdir(join(mount.path, 'data'))
      mount.freeze()
      expect(await refusal(join(mount.path, 'data'))).toBe(
        `The data directory ${join(mount.path, 'data')} cannot be written (EROFS): ` +
          'give this user the right to write there, or choose another directory.',
      )
      expect(await refusal(join(mount.path, 'new'))).toContain('cannot be written (EROFS)')
    },
  )

  test('refuses one that this process has open, until it is closed', async () => {
    await using root = await freshDirectory()
    const store = await openLmdbStore({ directory: root.path })
    expect(await refusal(join(root.path, '..', root.path.split('/').at(-1) ?? ''))).toBe(
      `The data directory ${root.path} is in use: this process has it open already. Stop that one, or ` +
        'choose another directory.',
    )
    await commit(store, 't', [put('posts/1', 1)])
    await store.close()
    await opens(root.path)
  })

  test('refuses another process though its note is the same, and though `owner` was removed', async () => {
    await using root = await freshDirectory()
    const [own, other] = [join(root.path, 'own'), join(root.path, 'other')]
    const store = await openLmdbStore({ directory: own })
    await using child = await startStore(other)
    await writeFile(join(other, 'owner'), await readFile(join(own, 'owner')))
    expect(await refusal(other)).toContain(`is in use: the process ${process.pid} is using it, started `)
    await rm(join(other, 'owner'))
    expect(await refusal(other)).toContain('is in use: another process has its data open')
    await child.kill()
    await store.close()
  })

  test('refuses one that another process has open, and takes it over when that process was killed', async () => {
    await using root = await freshDirectory()
    await using child = await startStore(root.path)
    await child.store.append('t', [
      { id: 'k', at: 1, actor: null, digest: null, expects: [], writes: [put('posts/1', 1)] },
    ])
    const note = (await readFile(join(root.path, 'owner'), 'utf8')).trim()
    expect(note).toMatch(
      new RegExp(`^the process ${child.pid} is using it, started \\d{4}-\\S+Z on host ${hostname()}$`),
    )
    expect(await refusal(root.path)).toBe(
      `The data directory ${root.path} is in use: ${note}. Stop that one, or choose another directory.`,
    )
    await child.kill()
    const store = await openLmdbStore({ directory: root.path })
    expect((await store.heads('t', [path('posts/1')])).rows[0]?.commit).toBe('k')
    await store.close()
  })

  test('opens what an earlier release left behind with its lock, whatever that says', async () => {
    await using root = await freshDirectory()
    for (const owner of [`${process.pid} 1`, `${process.ppid} 1`, '', 'x', '0', '-1 5']) {
      await writeFile(join(root.path, 'lock'), owner)
      await opens(root.path)
    }
    expect(await readdir(root.path)).not.toContain('lock')
  })

  test.skipIf(!existsSync('/proc/self/stat'))(
    'takes over from a process that is dead, though its parent has not taken note of it',
    async () => {
      await using root = await freshDirectory()
      await using parent = await startStore(root.path, ['sh', '-c', '"$@" & exec sleep 60', 'sh'])
      const owner = Number(/\d+/.exec(await readFile(join(root.path, 'owner'), 'utf8'))?.[0])
      expect(owner).not.toBe(parent.pid)
      process.kill(owner, 'SIGKILL')
      await until(async () => expect((await readFile(`/proc/${owner}/stat`, 'utf8')).split(') ')[1]?.[0]).toBe('Z'))
      // Its first thread is dead before the others, which hold its files until they are.
      await until(async () => expect(await readdir(`/proc/${owner}/task`)).toEqual([String(owner)]))
      await opens(root.path)
    },
  )

  test('lets one of several processes have a directory whose owner is gone', async () => {
    await using root = await freshDirectory()
    await writeFile(join(root.path, 'owner'), 'the process 999999999 is using it')
    const children = await Promise.allSettled([1, 2, 3].map(() => startStore(root.path)))
    const open = children.flatMap((child) => (child.status === 'fulfilled' ? [child.value] : []))
    for (const child of open) await child.kill()
    expect(open).toHaveLength(1)
    for (const child of children) {
      if (child.status === 'rejected') expect(child.reason).toMatchObject({ code: 'UNAVAILABLE' })
    }
  })
})
