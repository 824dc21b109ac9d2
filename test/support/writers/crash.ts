import { setTimeout as after } from 'node:timers/promises'
import type { Cursor } from '../../../src/core/database/options.ts'
import { follow, selects, type Interest } from './history-follower.ts'
import { readWholeLog, revisionIn, type FollowerRun, type LoggedCommit, type ShownCommit } from './history-run.ts'
import { brokenFeedLaws } from '../laws/feed.ts'
import {
  acknowledged,
  contiguous,
  dense,
  kept,
  lively,
  versionsAfter,
  type Acknowledged,
  type Versions,
} from '../laws/log.ts'
import { clockBroken } from '../laws/serializable.ts'
import { freshDirectory } from '../store/lmdb-directory.ts'
import { committerOf, Refused, remoteLog, socketFeeder } from './graphql.ts'
import { randomFrom, writesOf, type Write } from './load.ts'
import { startAndKill, startProcess, type ServerProcess } from './server.ts'

const WRITERS = 8
/** How long the writers write before the kill, at most. */
const LIFE_MS = 200
/** One start in so many is killed at a random moment of its own. */
const KILLED_STARTS = 6
/** Cycles on one data directory; then all of it is judged, and the next begins with an empty one. */
const CYCLES_PER_DIRECTORY = 50
const EVERYTHING: Interest = { paths: ['*'] }

/** What happened in some cycles, and what was wrong. */
export interface CrashReport {
  readonly cycles: number
  readonly acknowledged: number
  /** Writes without an answer that were sent again with their key. */
  readonly retried: number
  /** Of those, how many had been committed before the kill. */
  readonly survived: number
  readonly violations: readonly string[]
}

export interface CrashOptions {
  readonly cycles: number
  readonly seed: number
  /** What happens to the data directory between a kill and the next start; nothing by default. */
  readonly meanwhile?: ((directory: string, cycle: number) => Promise<void>) | undefined
  readonly onCycle?: ((report: CrashReport) => void) | undefined
}

/** Kills the server again and again under its writers, and judges what is left: see `CrashReport.violations`. */
export async function crash({ cycles, seed, meanwhile, onCycle }: CrashOptions): Promise<CrashReport> {
  let total: CrashReport = { cycles: 0, acknowledged: 0, retried: 0, survived: 0, violations: [] }
  while (total.cycles < cycles && total.violations.length === 0) {
    await using directory = await freshDirectory()
    const before = total
    const world = new World(directory.path, seed + total.cycles)
    const report = await world.run(Math.min(CYCLES_PER_DIRECTORY, cycles - total.cycles), async (now) => {
      await meanwhile?.(directory.path, now.cycles)
      onCycle?.(sum(before, now))
    })
    total = sum(before, report)
  }
  return total
}

function sum(a: CrashReport, b: CrashReport): CrashReport {
  return {
    cycles: a.cycles + b.cycles,
    acknowledged: a.acknowledged + b.acknowledged,
    retried: a.retried + b.retried,
    survived: a.survived + b.survived,
    violations: [...a.violations, ...b.violations],
  }
}

/** An acknowledged write with the times of its call and its answer. */
interface Done {
  readonly write: Write
  readonly answer: ShownCommit
  readonly told: Acknowledged
  readonly revision: number
  readonly call: number
  readonly back: number
}

/** One of the writers, and what it has on its mind across the deaths of the server. */
class Writer {
  readonly done: Done[] = []
  readonly #writes: Generator<Write, never>
  /** The write that has no answer yet. */
  #pending: Write | null = null
  retried = 0
  survived = 0

  constructor(name: string, seed: number) {
    this.#writes = writesOf(name, seed)
  }

  get pendingKey(): string | null {
    return this.#pending?.key ?? null
  }

  /** Sends the last acknowledged write once more: it must be the commit of then. */
  async repeatLast(graphql: string): Promise<readonly string[]> {
    const last = this.done.at(-1)
    if (last === undefined) return []
    const answer = await committerOf(graphql)(last.write)
    if (answer.repeated && answer.cursor === last.answer.cursor) return []
    return [`the acknowledged write ${last.write.key} became another commit: ${last.answer.cursor}, ${answer.cursor}`]
  }

  /** Gets an answer for the write that has none. */
  async retry(graphql: string): Promise<void> {
    if (this.#pending === null) return
    this.retried++
    const answer = await this.#send(graphql, this.#pending)
    if (answer.repeated) this.survived++
  }

  /** Writes until the server is gone. A refusal is thrown: nothing here may be refused. */
  async writeOn(graphql: string): Promise<void> {
    try {
      for (;;) await this.#send(graphql, this.#pending ?? this.#writes.next().value)
    } catch (error) {
      if (error instanceof Refused || this.#pending === null) throw error
    }
  }

  async #send(graphql: string, write: Write): Promise<ShownCommit> {
    this.#pending = write
    const call = performance.now()
    const answer = await committerOf(graphql)(write)
    const told = acknowledged(answer, write.values)
    this.done.push({ write, answer, told, revision: told.revision, call, back: performance.now() })
    this.#pending = null
    return answer
  }
}

/** A data directory with its writers and followers. */
class World {
  readonly #directory: string
  readonly #random: () => number
  readonly #writers: readonly Writer[]
  readonly #violations: string[] = []
  #server: ServerProcess | null = null
  #up: PromiseWithResolve = promiseWithResolve()
  #goal = Infinity
  /** What was judged already, and where that ends. */
  #judged: { readonly cursor: Cursor | undefined; readonly versions: Versions } = {
    cursor: undefined,
    versions: new Map(),
  }

  constructor(directory: string, seed: number) {
    this.#directory = directory
    this.#random = randomFrom(seed)
    this.#writers = Array.from({ length: WRITERS }, (_, i) => new Writer(`w${i}`, seed * WRITERS + i))
  }

  async run(cycles: number, onCycle: (report: CrashReport) => Promise<void>): Promise<CrashReport> {
    const followers = [Infinity, 3].map((dieEvery) => this.#follow(dieEvery))
    const runs = Promise.all(followers)
    runs.catch(() => {})
    try {
      let cycle = 0
      while (cycle < cycles && this.#violations.length === 0) {
        await this.#cycle()
        await onCycle(this.#report(++cycle))
      }
      if (this.#violations.length === 0) await this.#finish(runs)
      return this.#report(cycle)
    } finally {
      await this.#server?.kill()
    }
  }

  #report(cycles: number): CrashReport {
    const total = (of: (writer: Writer) => number): number => this.#writers.reduce((all, writer) => all + of(writer), 0)
    return {
      cycles,
      acknowledged: total(({ done }) => done.length),
      retried: total(({ retried }) => retried),
      survived: total(({ survived }) => survived),
      violations: this.#violations,
    }
  }

  async #cycle(): Promise<void> {
    const server = await this.#start()
    if (this.#violations.length > 0) return
    const writing = Promise.all(this.#writers.map((writer) => writer.writeOn(server.graphql)))
    writing.catch(() => {})
    await after(this.#random() * LIFE_MS)
    this.#up = promiseWithResolve()
    await server.kill()
    await writing
    if (this.#random() < 1 / KILLED_STARTS) await startAndKill(this.#directory, this.#random() * 400)
  }

  /** A server on what the last one left; when nothing is wrong with that, every writer gets its answer. */
  async #start(): Promise<ServerProcess> {
    const server = await startProcess(this.#directory)
    this.#server = server
    await this.#judgeNews(server.graphql).catch((error: unknown) => this.#violations.push(String(error)))
    if (this.#violations.length > 0) return server
    for (const writer of this.#writers) this.#violations.push(...(await writer.repeatLast(server.graphql)))
    await Promise.all(this.#writers.map((writer) => writer.retry(server.graphql)))
    this.#up.resolve()
    return server
  }

  /** The log since the last judgement: nothing lost, nothing torn, and nothing that nobody wrote. */
  async #judgeNews(graphql: string): Promise<void> {
    const { cursor, versions } = this.#judged
    const from = cursor === undefined ? 0 : revisionIn(cursor)
    const page = await readWholeLog(remoteLog(graphql), cursor)
    const told = this.#told().filter(({ revision }) => revision > from)
    this.#violations.push(
      ...contiguous(page, from),
      ...dense(page, versions),
      ...kept(told, page),
      ...this.#unknown(page, told),
    )
    const end = await endOf(graphql, cursor)
    this.#judged = { cursor: end, versions: versionsAfter(page, versions) }
  }

  #unknown(log: readonly LoggedCommit[], told: readonly Acknowledged[]): readonly string[] {
    const known = new Set([...told.map(({ id }) => id), ...this.#writers.map(({ pendingKey }) => pendingKey)])
    return log
      .filter(({ id }) => !known.has(id))
      .map(({ id, revision }) => `nobody wrote the commit ${id} of revision ${revision}`)
  }

  #told(): readonly Acknowledged[] {
    return this.#writers.flatMap(({ done }) => done.map(({ told }) => told))
  }

  #follow(dieEvery: number): Promise<FollowerRun> {
    return follow({
      open: (cursor) => socketFeeder(this.#server?.graphql ?? 'http://127.0.0.1:1/graphql', EVERYTHING)(cursor),
      dieEvery,
      isOver: (revision) => revision >= this.#goal,
      revived: async (error) => {
        if (error instanceof Refused) throw error
        await this.#up.promise
      },
    })
  }

  /** The last start: every write has its answer now, and everything is judged from the first revision on. */
  async #finish(runs: Promise<readonly FollowerRun[]>): Promise<void> {
    const { graphql } = await this.#start()
    const log = await readWholeLog(remoteLog(graphql))
    this.#goal = log.at(-1)?.revision ?? 0
    const told = this.#told()
    this.#violations.push(
      ...contiguous(log),
      ...dense(log),
      ...lively(log),
      ...kept(told, log),
      ...this.#unknown(log, told),
    )
    if (told.length !== log.length) {
      this.#violations.push(`${told.length} writes were acknowledged, the log has ${log.length} commits`)
    }
    this.#violations.push(...clockBroken(this.#writers.flatMap(({ done }) => done)))
    for (const run of await runs) this.#violations.push(...brokenFeedLaws({ run, log, selects: selects(EVERYTHING) }))
  }
}

async function endOf(graphql: string, after: Cursor | undefined): Promise<Cursor> {
  for (let cursor = after; ;) {
    const page = await remoteLog(graphql)(cursor)
    if (page.upToDate) return page.cursor
    cursor = page.cursor
  }
}

interface PromiseWithResolve {
  readonly promise: Promise<void>
  readonly resolve: () => void
}

function promiseWithResolve(): PromiseWithResolve {
  let resolve = (): void => {}
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
