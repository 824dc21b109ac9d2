import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CALLS, ERRNO, noInjection, type FaultyCall } from '../support/store/fault-injection.ts'
import { mountTmpfs, noMount } from '../support/store/fault-mount.ts'
import { follow, selects, type Interest } from '../support/writers/history-follower.ts'
import { readWholeLog, type FollowerRun, type LoggedCommit, type ShownCommit } from '../support/writers/history-run.ts'
import { brokenFeedLaws } from '../support/laws/feed.ts'
import { acknowledged, contiguous, dense, kept, lively, type Acknowledged } from '../support/laws/log.ts'
import { freshDirectory, type TemporaryDirectory } from '../support/store/lmdb-directory.ts'
import { ask, committerOf, Refused, remoteLog, socketFeeder } from '../support/writers/graphql.ts'
import { load, type Write } from '../support/writers/load.ts'
import { startProcess, type ServerProcess } from '../support/writers/server.ts'

const run = promisify(execFile)
const EVERYTHING: Interest = { paths: ['*'] }
/** How long a write may take to be refused. */
const REFUSED_MS = 5_000

/** What the writers were told until each of them was refused once. */
interface Told {
  readonly done: readonly Acknowledged[]
  readonly refused: readonly Write[]
  readonly codes: readonly unknown[]
}

/** Eight writers of large documents, until each of them is refused. */
async function writeUntilRefused(graphql: string, crew: string): Promise<Told> {
  const all = await Promise.all(Array.from({ length: 8 }, (_, i) => writeOneByOne(graphql, `${crew}${i}`)))
  return {
    done: all.flatMap(({ done }) => done),
    refused: all.map(({ refused }) => refused),
    codes: all.map(({ code }) => code),
  }
}

async function writeOneByOne(
  graphql: string,
  name: string,
): Promise<{ done: readonly Acknowledged[]; refused: Write; code: unknown }> {
  const done: Acknowledged[] = []
  for (let count = 1; ; count++) {
    const write = largeWrite(name, count)
    const began = performance.now()
    try {
      done.push(acknowledged(await committerOf(graphql)(write), write.values))
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      expect(performance.now() - began).toBeLessThan(REFUSED_MS)
      return { done, refused: write, code: error.code }
    }
  }
}

function largeWrite(name: string, count: number): Write {
  const path = `large/${name}-${count % 20}`
  const value = { count, text: 'x'.repeat(32_768) }
  return { key: `${name}-${count}`, ops: [{ kind: 'put', path, value }], values: new Map([[path, value]]) }
}

/** Sends what was refused once more, with the key of then: each is a commit that was not there before. */
async function retryAll(graphql: string, { refused }: Told): Promise<readonly Acknowledged[]> {
  return Promise.all(
    refused.map(async (write) => {
      const answer = await committerOf(graphql)(write)
      expect(answer.repeated).toBe(false)
      return acknowledged(answer, write.values)
    }),
  )
}

async function expectReads(graphql: string, told: readonly Acknowledged[]): Promise<void> {
  const log = await readWholeLog(remoteLog(graphql))
  expect(judge(log, told)).toEqual([])
  const { path, version } = last(log.at(-1)?.changes ?? [])
  const document = await ask<{ version: number } | null>(
    graphql,
    'query ($path: Path!) { document(path: $path) { version } }',
    { path },
  )
  expect(document).toEqual({ version })
}

function last<T>(items: readonly T[]): T {
  const item = items.at(-1)
  if (item === undefined) throw new Error('There is nothing.')
  return item
}

function judge(log: readonly LoggedCommit[], told: readonly Acknowledged[]): readonly string[] {
  const strangers =
    log.length === told.length ? [] : [`the log has ${log.length} commits, ${told.length} were acknowledged`]
  return [...contiguous(log), ...dense(log), ...lively(log), ...kept(told, log), ...strangers]
}

/**
 * The end of each story: the same process writes on, followers missed nothing, and a restart after a kill finds
 * everything.
 */
async function expectRecovered(server: ServerProcess, directory: string, story: Story): Promise<void> {
  const { graphql } = server
  const told = [
    ...story.told,
    ...(await load({ commit: committerOf(graphql), crew: 'after', writers: 8, commits: 5, seed: 1 })),
  ]
  expect(server.isRunning()).toBe(true)
  const log = await readWholeLog(remoteLog(graphql))
  expect(judge(log, told)).toEqual([])
  story.goal.revision = log.length
  expect(brokenFeedLaws({ run: await story.follower, log, selects: selects(EVERYTHING) })).toEqual([])
  await server.kill()
  const again = await startProcess(directory)
  try {
    expect(await readWholeLog(remoteLog(again.graphql))).toEqual(log)
  } finally {
    await again.kill()
  }
}

interface Story {
  readonly told: readonly Acknowledged[]
  readonly follower: Promise<FollowerRun>
  readonly goal: { revision: number }
}

function followAll(
  graphql: string,
  goal: { readonly revision: number },
  revived?: (error: unknown) => Promise<void>,
): Promise<FollowerRun> {
  const follower = follow({
    open: socketFeeder(graphql, EVERYTHING),
    isOver: (revision) => revision >= goal.revision,
    revived,
  })
  // When the test has failed already, nobody waits for it.
  follower.catch(() => {})
  return follower
}

describe.skipIf(noMount !== null)(`on a small disk (${noMount ?? 'a tmpfs'})`, () => {
  test('the server refuses writes with STORAGE_FULL, reads on, and writes on when there is room again', async () => {
    using mount = mountTmpfs(16_384)
    const [directory, ballast] = [join(mount.path, 'data'), join(mount.path, 'ballast')]
    await mkdir(directory)
    await writeFile(ballast, Buffer.alloc(6 * 1_048_576))
    const server = await startProcess(directory)
    try {
      const goal = { revision: Infinity }
      const follower = followAll(server.graphql, goal)
      const first = await writeUntilRefused(server.graphql, 'first')
      expect(new Set(first.codes)).toEqual(new Set(['STORAGE_FULL']))
      expect(first.done.length).toBeGreaterThan(8)
      await expectReads(server.graphql, first.done)

      await rm(ballast)
      const retried = await retryAll(server.graphql, first)
      await expectRecovered(server, directory, { told: [...first.done, ...retried], follower, goal })
    } finally {
      await server.kill()
    }
  }, 60_000)
})

describe.skipIf(noInjection !== null)(`on a failing disk (${noInjection ?? 'fiu-run'})`, () => {
  let data: TemporaryDirectory
  let pipes: TemporaryDirectory

  beforeEach(async () => {
    data = await freshDirectory()
    pipes = await freshDirectory()
  })

  afterEach(async () => {
    await data[Symbol.asyncDispose]()
    await pipes[Symbol.asyncDispose]()
  })

  const start = (): Promise<ServerProcess> =>
    startProcess(data.path, { through: ['fiu-run', '-x', '-f', join(pipes.path, 'fiu')] })

  /** Switches faults of the process on or off, while it runs. */
  const control = async ({ pid }: ServerProcess, commands: readonly string[]): Promise<void> => {
    await run('fiu-ctrl', [
      '-f',
      join(pipes.path, 'fiu'),
      ...commands.flatMap((command) => ['-c', command]),
      String(pid),
    ])
  }

  // A pwrite that fails altogether is left out: lmdb 3.5.6 then writes its message past the 100 bytes that it has for
  // it.
  for (const call of ['shortPwrite', 'fdatasync'] as const satisfies readonly FaultyCall[]) {
    test(`writes are UNAVAILABLE under a lasting fault (${call}), reads go on, and writes do afterwards`, async () => {
      const server = await start()
      try {
        const goal = { revision: Infinity }
        const follower = followAll(server.graphql, goal)
        const before = await load({
          commit: committerOf(server.graphql),
          crew: 'before',
          writers: 8,
          commits: 5,
          seed: 2,
        })
        await control(server, [`enable name=${CALLS[call]},failinfo=${ERRNO.EIO}`])
        const failed = await writeUntilRefused(server.graphql, 'failed')
        expect(new Set(failed.codes)).toEqual(new Set(['UNAVAILABLE']))
        await expectReads(server.graphql, [...before, ...failed.done])

        await control(server, [`disable name=${CALLS[call]}`])
        const retried = await retryAll(server.graphql, failed)
        await expectRecovered(server, data.path, { told: [...before, ...failed.done, ...retried], follower, goal })
      } finally {
        await server.kill()
      }
    }, 60_000)
  }

  test('no acknowledged write is lost or doubled when writes come out short and flushes fail at random', async () => {
    const server = await start()
    try {
      const goal = { revision: Infinity }
      const follower = followAll(server.graphql, goal, comeBack)
      const names = [CALLS.shortPwrite, CALLS.shortWritev, CALLS.fdatasync]
      await control(
        server,
        names.map((name) => `enable_random name=${name},probability=0.05,failinfo=${ERRNO.EIO}`),
      )
      const refusals = { count: 0 }
      const told = await load({
        commit: (write) => untilDone(server.graphql, write, refusals),
        crew: 'random',
        writers: 8,
        commits: 40,
        seed: 3,
      })
      await control(
        server,
        names.map((name) => `disable name=${name}`),
      )
      expect(refusals.count).toBeGreaterThan(0)
      await expectRecovered(server, data.path, { told, follower, goal })
    } finally {
      await server.kill()
    }
  }, 60_000)
})

/**
 * A read too may meet a store that opens its files again while they fail: then a feed ends with a reason to come back.
 */
async function comeBack(error: unknown): Promise<void> {
  if (!JSON.stringify(error).includes('"UNAVAILABLE"')) throw error
}

const ATTEMPTS = 1_000

/** Sends a write with its key until it is acknowledged. */
async function untilDone(graphql: string, write: Write, refusals: { count: number }): Promise<ShownCommit> {
  for (let attempt = 1; attempt < ATTEMPTS; attempt++) {
    try {
      return await committerOf(graphql)(write)
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== 'UNAVAILABLE') throw error
      refusals.count++
    }
  }
  throw new Error(`The write ${write.key} was refused ${ATTEMPTS} times.`)
}
