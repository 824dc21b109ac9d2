import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import type { HistoryRange, LogPage, LogRange, Page, Range, Store } from '../../src/store/store.ts'
import type { Path } from '../../src/core/path.ts'
import type { Revision } from '../../src/core/version.ts'
import { MemoryStore } from '../../src/store/memory/memory-store.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'
import { ReadsThePastOneLate } from '../support/store/reads-the-past-one-late.ts'
import { command } from './model-commands.ts'
import { compare } from './model-compare.ts'

/** The long form is TIDEMARK_MODEL_COMMANDS=1000000. */
const COMMANDS = Number(process.env['TIDEMARK_MODEL_COMMANDS'] ?? 100_000)
const MOST_COMMANDS_PER_RUN = 300
const RUNS_PER_ASSERT = 40
/** For the runs of one assertion, and for shrinking what failed. */
const ASSERT_MS = 40_000
/** A planted bug is found after some runs, by chance; these are many more than it ever took. */
const RUNS_PER_CONTROL = 1_000
const CONTROL_MS = 50_000
/** Sequences side by side, each in its own tenant: their commits share the flushes. */
const LANES = 16

/** Sequences until there were `share` commands; the failing one is shrunk, and printed with its seed. */
async function runLane(store: Store, share: number): Promise<number> {
  let done = 0
  const property = fc.asyncProperty(
    fc.array(command, { maxLength: MOST_COMMANDS_PER_RUN, size: 'max' }),
    async (commands) => {
      await compare(store, commands)
      done += commands.length
    },
  )
  while (done < share) await fc.assert(property, { numRuns: RUNS_PER_ASSERT, interruptAfterTimeLimit: ASSERT_MS })
  return done
}

describe('the database on the embedded store', () => {
  test(
    `does what it does on the oracle, and what a map of documents does: ${COMMANDS} random commands`,
    async () => {
      await using directory = await freshDirectory()
      const store = await openLmdbStore({ directory: directory.path })
      try {
        const done = await Promise.all(Array.from({ length: LANES }, () => runLane(store, COMMANDS / LANES)))
        expect(done.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(COMMANDS)
      } finally {
        await store.close()
      }
    },
    60_000 + COMMANDS * 3,
  )
})

class ForgetsTheFirstVersion extends MemoryStore {
  override async history(tenant: string, path: Path, range: HistoryRange): Promise<Page> {
    const page = await super.history(tenant, path, range)
    return { ...page, rows: page.rows.filter(({ version }) => version > 1) }
  }
}

class SkipsCommits extends MemoryStore {
  override async log(tenant: string, range: LogRange): Promise<LogPage> {
    const page = await super.log(tenant, range)
    return range.reverse === true
      ? page
      : { ...page, commits: page.commits.filter(({ revision }) => revision % 10 !== 0) }
  }
}

class ListsTheDeleted extends MemoryStore {
  override list(tenant: string, range: Range, at?: Revision): Promise<Page & { readonly revision: Revision }> {
    return super.list(tenant, { ...range, deleted: true }, at)
  }
}

/** Whether random commands find a difference; `oracle` makes what they are compared with. */
async function findsOut(make: () => Store, oracle: () => Store = () => new MemoryStore()): Promise<boolean> {
  const property = fc.asyncProperty(fc.array(command, { maxLength: MOST_COMMANDS_PER_RUN, size: 'max' }), (commands) =>
    compare(make(), commands, oracle()),
  )
  const { failed } = await fc.check(property, {
    numRuns: RUNS_PER_CONTROL,
    endOnFailure: true,
    interruptAfterTimeLimit: CONTROL_MS,
  })
  return failed
}

describe('random commands', () => {
  for (const Bug of [ReadsThePastOneLate, ForgetsTheFirstVersion, SkipsCommits, ListsTheDeleted]) {
    test(`find out a store that has a bug: ${Bug.name}`, async () => {
      expect(await findsOut(() => new Bug())).toBe(true)
    }, 60_000)
  }

  test('find out a bug that the oracle has too, by the map of documents', async () => {
    expect(
      await findsOut(
        () => new ListsTheDeleted(),
        () => new ListsTheDeleted(),
      ),
    ).toBe(true)
  })
})
