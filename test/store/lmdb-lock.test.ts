import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, link, mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DatabaseError } from '../../src/core/error.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { mountTmpfs, noMount } from '../support/store/fault-mount.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'
import {
  AFTER_REBOOT,
  AS_FIRST_PROCESS,
  AS_SECOND_PROCESS,
  noNamespaces,
  WITHOUT_PROC,
} from '../support/store/namespaces.ts'
import { startStore, type StoreChild } from '../support/store/child.ts'
import { draft, path, put } from '../support/store/drafts.ts'
import { openAtOnce, startRacer, type Racer } from '../support/store/racers.ts'
import { until } from '../support/time/until.ts'

/** The refusal of a start: one sentence with the code UNAVAILABLE. */
async function refusal(start: Promise<AsyncDisposable | { close(): Promise<void> }>): Promise<string> {
  const error = await start.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(DatabaseError)
  expect(error).toMatchObject({ code: 'UNAVAILABLE', message: expect.not.stringContaining('\n') })
  return (error as DatabaseError).message
}

/** A process that owns the directory and has written the commit `k`. */
async function startOwner(directory: string, launcher: readonly string[]): Promise<StoreChild> {
  const child = await startStore(directory, launcher)
  await child.store.append('t', [draft([put('posts/1', 1)], { id: 'k' })])
  return child
}

/** Expects what the owner wrote. */
async function expectTaken(store: Pick<StoreChild['store'], 'heads'>): Promise<void> {
  expect((await store.heads('t', [path('posts/1')])).rows[0]?.commit).toBe('k')
}

/** Launchers whose processes cannot see one another. */
const PLACES = [[], AS_FIRST_PROCESS, AS_FIRST_PROCESS, AS_SECOND_PROCESS, WITHOUT_PROC, AFTER_REBOOT]

describe.skipIf(noNamespaces !== null)(
  `processes in namespaces${noNamespaces === null ? '' : ` (skipped: ${noNamespaces})`}`,
  () => {
    test('of equal process ids: one owns the directory and its lock, the other is told which one that is', async () => {
      await using root = await freshDirectory()
      await using owner = await startOwner(root.path, AS_FIRST_PROCESS)
      const before = await readdir(root.path)
      const note = (await readFile(join(root.path, 'owner'), 'utf8')).trim()
      expect(note).toContain('the process 1 is using it')
      expect(await refusal(startStore(root.path, AS_FIRST_PROCESS))).toBe(
        `The data directory ${root.path} is in use: ${note}. Stop that one, or choose another directory.`,
      )
      expect(await readdir(root.path)).toEqual(before)
      expect((await readFile(join(root.path, 'owner'), 'utf8')).trim()).toBe(note)
      await owner.store.append('t', [draft([put('posts/2', 1)])])
      await owner.kill()
      await using next = await startStore(root.path, AS_FIRST_PROCESS)
      await expectTaken(next.store)
    })

    test('across PID namespaces, without /proc, with another boot id: one owner, the next after a kill', async () => {
      await using root = await freshDirectory()
      await using racers = await startRacers(PLACES)
      let left = racers.all
      while (left.length > 0) {
        const { owners, refusals } = await untilOwned(left, root.path)
        expect(owners).toHaveLength(1)
        for (const refused of refusals) {
          expect(refused).toMatch(/^UNAVAILABLE: The data directory \S+ is in use: (another|the) process/)
        }
        await owners[0]?.kill()
        left = left.filter((racer) => racer !== owners[0])
      }
    })

    test('that start at the same moment: one owns the directory, 50 times', async () => {
      await using root = await freshDirectory()
      await using racers = await startRacers([AS_FIRST_PROCESS, AS_FIRST_PROCESS])
      for (let round = 0; round < 50; round++) {
        // Every other time there is no directory yet.
        const directory = join(root.path, String(round - (round % 2)), 'data')
        const { owners, refusals } = await openAtOnce(racers.all, directory)
        expect([owners.length, refusals.length]).toEqual([1, 1])
        expect(refusals[0]).toMatch(/^UNAVAILABLE: The data directory \S+ is in use: /)
        await owners[0]?.close()
      }
    })
  },
)

/** Opens until somebody owns it: the system may take a moment to end a process that was killed. */
async function untilOwned(racers: readonly Racer[], directory: string): ReturnType<typeof openAtOnce> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const opened = await openAtOnce(racers, directory)
    if (opened.owners.length > 0) return opened
  }
  throw new Error('nobody took over')
}

async function startRacers(
  launchers: readonly (readonly string[])[],
): Promise<AsyncDisposable & { readonly all: readonly Racer[] }> {
  const all = await Promise.all(launchers.map((launcher) => startRacer(launcher)))
  return { all, [Symbol.asyncDispose]: async () => void (await Promise.all(all.map((racer) => racer.kill()))) }
}

describe.skipIf(noMount !== null)(`the lock${noMount === null ? '' : ` (skipped: ${noMount})`}`, () => {
  test('holds on a tmpfs', async () => {
    using mount = mountTmpfs(8_192)
    await expectHeld(join(mount.path, 'data'))
  })

  test('holds on an overlay', async ({ skip }) => {
    using mount = mountTmpfs(8_192)
    const [lower, upper, work, merged] = ['lower', 'upper', 'work', 'merged'].map((name) => join(mount.path, name)) as [
      string,
      string,
      string,
      string,
    ]
    for (const directory of [lower, upper, work, merged]) await mkdir(directory)
    const { status, stderr } = spawnSync(
      'mount',
      ['-t', 'overlay', '-o', `lowerdir=${lower},upperdir=${upper},workdir=${work}`, 'overlay', merged],
      { encoding: 'utf8' },
    )
    if (status !== 0) skip(`no overlay can be mounted here (${stderr.trim()})`)
    try {
      await expectHeld(join(merged, 'data'))
    } finally {
      spawnSync('umount', ['-l', merged])
    }
  })
})

async function expectHeld(directory: string): Promise<void> {
  await using owner = await startOwner(directory, [])
  expect(await refusal(openLmdbStore({ directory }))).toContain('is in use: the process')
  await owner.kill()
  const store = await openLmdbStore({ directory })
  await expectTaken(store)
  await store.close()
}

const noProc = !existsSync('/proc/self/stat')

describe('the lock of a directory', () => {
  test('ends with its process, though a process that it started lives on', async () => {
    await using root = await freshDirectory()
    const module = new URL('../../src/store/lmdb/lmdb-store.ts', import.meta.url).href
    const program = `
      import { spawn } from 'node:child_process'
      import { openLmdbStore } from ${JSON.stringify(module)}
      await openLmdbStore({ directory: ${JSON.stringify(root.path)} })
      console.log(spawn('sleep', ['60'], { stdio: 'ignore', detached: true }).pid)`
    const owner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [pid] = (await once(owner.stdout, 'data')) as [Buffer]
    try {
      expect(await refusal(openLmdbStore({ directory: root.path }))).toContain(`the process ${owner.pid} is using it`)
      owner.kill('SIGKILL')
      await once(owner, 'exit')
      await (await openLmdbStore({ directory: root.path })).close()
      process.kill(Number(pid), 0)
    } finally {
      process.kill(Number(pid), 'SIGKILL')
    }
  })

  test('is not copied: a copy opens beside the original', async () => {
    await using root = await freshDirectory()
    const [directory, copy] = [join(root.path, 'data'), join(root.path, 'copy')]
    await using owner = await startOwner(directory, [])
    await cp(directory, copy, { recursive: true })
    const store = await openLmdbStore({ directory: copy })
    await expectTaken(store)
    await owner.store.append('t', [draft([put('posts/2', 1)])])
    await store.close()
  })

  test('refuses a directory whose data another process has open, such as an earlier release', async () => {
    await using root = await freshDirectory()
    await (await openLmdbStore({ directory: root.path })).close()
    const program =
      `require('lmdb').open({ path: ${JSON.stringify(root.path)}, noSubdir: false, overlappingSync: false ` +
      `}); console.log('open'); setInterval(() => {}, 1000)`
    const reader = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      await once(reader.stdout, 'data')
      await writeFile(join(root.path, 'lock'), `${reader.pid} 1`)
      expect(await refusal(openLmdbStore({ directory: root.path }))).toBe(
        `The data directory ${root.path} is in use: another process has its data open, perhaps an earlier release. ` +
          'Stop that one, or choose another directory.',
      )
      expect(await readFile(join(root.path, 'lock'), 'utf8')).toBe(`${reader.pid} 1`)
    } finally {
      reader.kill('SIGKILL')
      await once(reader, 'exit')
    }
    await (await openLmdbStore({ directory: root.path })).close()
  })

  test.skipIf(noProc)('refuses a directory whose `lock` names a process that lives, whatever it has open', async () => {
    await using root = await freshDirectory()
    const lock = join(root.path, 'lock')
    const holder = spawn('sleep', ['60'], { stdio: 'ignore' })
    const note = await noteOf(holder.pid)
    try {
      await writeFile(lock, note)
      expect(await refusal(openLmdbStore({ directory: root.path }))).toBe(
        `The data directory ${root.path} is in use: the process ${holder.pid} of an earlier release is using it. ` +
          'Stop that one, or choose another directory.',
      )
      expect(await readFile(lock, 'utf8')).toBe(note)
    } finally {
      holder.kill('SIGKILL')
      await once(holder, 'exit')
    }
    await (await openLmdbStore({ directory: root.path })).close()
    expect(await readdir(root.path)).not.toContain('lock')
  })

  test.skipIf(noProc)(
    'takes no `lock` for held whose process is a zombie, has got its id since, or is not named',
    async () => {
      await using root = await freshDirectory()
      const parent = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] })
      try {
        const zombie = Number(String(((await once(parent.stdout, 'data')) as [Buffer])[0]))
        const note = await noteOf(zombie)
        await until(async () => expect(await readFile(`/proc/${zombie}/stat`, 'utf8')).toContain(') Z '))
        for (const left of [note, `${parent.pid} 1`, `${process.pid}`, '', 'no process', '-1 1']) {
          await writeFile(join(root.path, 'lock'), left)
          await (await openLmdbStore({ directory: root.path })).close()
        }
      } finally {
        parent.kill('SIGKILL')
      }
    },
  )

  test('keeps earlier releases out while it is held, which make a link `lock` and read what is there', async () => {
    await using root = await freshDirectory()
    const store = await openLmdbStore({ directory: root.path })
    const [lock, own] = [join(root.path, 'lock'), join(root.path, 'lock.1')]
    await writeFile(own, '1 1')
    await expect(link(own, lock)).rejects.toMatchObject({ code: 'EEXIST' })
    await expect(readFile(lock)).rejects.toMatchObject({ code: 'EISDIR' })
    await store.close()
    await link(own, lock)
  })

  test('is refused with a sentence where files cannot be locked', async () => {
    await using root = await freshDirectory()
    const directory = join(root.path, 'data')
    const binding = join(root.path, 'binding.cjs')
    const within = (code: string): Promise<string> => refusal(startBound(directory, binding, code))
    const message =
      /^No file can be locked on this platform \(\w+-\w+\), so that no data directory is safe: run npm ci again, or /
    expect(await within('throw new Error("no such binary")')).toMatch(message)
    expect(
      await within('module.exports = { tryLock: () => { throw Object.assign(new Error(), { code: "ENOLCK" }) } }'),
    ).toBe(`The data directory ${directory} cannot be locked (ENOLCK): choose one on a disk of this machine.`)
    expect(await readdir(directory)).toEqual(['owner'])
  })
})

/** What an earlier release writes into `lock`: the id of its process and when that started (proc(5), field 22). */
async function noteOf(pid: number | undefined): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`
}

/** Starts a store whose native binding is the module with that code. */
async function startBound(directory: string, file: string, code: string): Promise<StoreChild> {
  await writeFile(
    file,
    `require('node:module')._extensions['.node'] = (module, path) => {
    if (!path.includes('fs-native-extensions')) return process.dlopen(module, path)
    ${code.replace('module.exports', 'return module.exports')}
  }`,
  )
  return startStore(directory, ['env', `NODE_OPTIONS=--require ${file}`])
}
