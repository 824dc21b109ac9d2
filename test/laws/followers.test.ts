import { describe, expect, test } from 'vitest'
import type { Database } from '../../src/core/database.ts'
import type { Revision } from '../../src/core/version.ts'
import { openEngine } from '../../src/db/engine.ts'
import { openLmdbStore } from '../../src/store/lmdb/lmdb-store.ts'
import { feederOf, follow, selects, type Interest } from '../support/writers/history-follower.ts'
import { logOf, readWholeLog, revisionIn, type FollowerRun, type LoggedCommit } from '../support/writers/history-run.ts'
import { brokenFeedLaws } from '../support/laws/feed.ts'
import { contiguous, dense, kept, lively } from '../support/laws/log.ts'
import { freshDirectory } from '../support/store/lmdb-directory.ts'
import { load, type Commit } from '../support/writers/load.ts'
import { turn } from '../support/time/turns.ts'

const WRITERS = 8
const COMMITS = 500
const TOTAL = WRITERS * COMMITS

const INTERESTS: Readonly<Record<string, Interest>> = {
  everything: { paths: ['*'] },
  'what rarely happens': { paths: ['rare'] },
  'nested collections': { paths: ['own/*/notes/*'] },
  'two documents': { paths: ['shared/1', 'pairs/1'] },
  deletes: { paths: ['*'], types: ['DELETE'] },
  nothing: { paths: ['nowhere'] },
}
const DIE_EVERY = [Infinity, 1, 2, 3, 7]

interface Follower {
  readonly name: string
  readonly interest: Interest
  readonly run: Promise<FollowerRun>
}

/** For each interest a follower that lives on, and some that die. */
function followAll(db: Database, isOver: (revision: Revision) => boolean): readonly Follower[] {
  return Object.entries(INTERESTS).flatMap(([name, interest]) =>
    DIE_EVERY.map((dieEvery) => ({
      name: `${name}, dying after ${dieEvery}`,
      interest,
      run: follow({ open: feederOf(db, interest), dieEvery, isOver }),
    })),
  )
}

/** What is wrong with the lives of the followers. */
async function judge(followers: readonly Follower[], log: readonly LoggedCommit[]): Promise<readonly string[]> {
  const verdicts = await Promise.all(
    followers.map(async ({ name, interest, run }) =>
      brokenFeedLaws({ run: await run, log, selects: selects(interest) }).map((sentence) => `${name}: ${sentence}`),
    ),
  )
  return verdicts.flat()
}

async function withDatabase(use: (db: Database) => Promise<void>): Promise<void> {
  await using directory = await freshDirectory()
  const store = await openLmdbStore({ directory: directory.path })
  const engine = await openEngine(store)
  try {
    await use(engine.database('default', { actor: null }))
  } finally {
    await engine.close()
    await store.close()
  }
}

describe(`with ${WRITERS} writers of ${COMMITS} commits each`, () => {
  test('every follower sees every commit once, in order, whenever it began and however often it died', async () => {
    await withDatabase(async (db) => {
      const early = followAll(db, (revision) => revision >= TOTAL)
      const commit: Commit = ({ ops, key }) => db.transact(ops, { key })
      const first = await load({ commit, crew: 'early', writers: WRITERS, commits: COMMITS / 2, seed: 1 })
      const late = followAll(db, (revision) => revision >= TOTAL)
      const second = await load({ commit, crew: 'late', writers: WRITERS, commits: COMMITS / 2, seed: 2 })

      const log = await readWholeLog(logOf(db))
      expect(log).toHaveLength(TOTAL)
      expect([...contiguous(log), ...dense(log), ...lively(log), ...kept([...first, ...second], log)]).toEqual([])
      expect(await judge([...early, ...late], log)).toEqual([])
    })
  }, 120_000)

  test('whoever has read revision n of the log will never meet another one up to n', async () => {
    await withDatabase(async (db) => {
      const state = { writing: true }
      const reading = readAgainAndAgain(db, state)
      await load({
        commit: ({ ops, key }) => db.transact(ops, { key }),
        crew: 'w',
        writers: WRITERS,
        commits: 100,
        seed: 3,
      })
      state.writing = false
      const seen = await reading
      expect(seen.length).toBeGreaterThan(100)
      expect(seen).toEqual(Array.from({ length: seen.length }, (_, i) => i + 1))
    })
  }, 60_000)
})

/** The revisions of all pages of the log, each read after the last, while others write. */
async function readAgainAndAgain(db: Database, state: { readonly writing: boolean }): Promise<readonly Revision[]> {
  const seen: Revision[] = []
  let after: string | undefined
  while (state.writing) {
    const page = await db.log(['*'], { after, first: 1_000 })
    seen.push(...new Set(page.changes.map(({ cursor }) => revisionIn(cursor))))
    after = page.cursor
    await turn()
  }
  return seen
}
