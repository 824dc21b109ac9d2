import { describe } from 'vitest'
import { asOf } from './database/as-of.ts'
import { atLeasts } from './database/at-least.ts'
import { changes } from './database/changes.ts'
import { collections } from './database/collections.ts'
import { deletes } from './database/deletes.ts'
import { depthsOfFeeds } from './database/depth.ts'
import { diffs } from './database/diff.ts'
import { documents } from './database/documents.ts'
import { ephemeral } from './database/ephemeral.ts'
import { expectations } from './database/expectations.ts'
import { feeds } from './database/feeds.ts'
import { gets } from './database/get.ts'
import { histories } from './database/history.ts'
import { interrupts } from './database/interrupts.ts'
import { keptPasts } from './database/kept-past.ts'
import { keys } from './database/keys.ts'
import { limits } from './database/limits.ts'
import { lives } from './database/live.ts'
import { logs } from './database/log.ts'
import { names } from './database/names.ts'
import { patches } from './database/patches.ts'
import { paths } from './database/paths.ts'
import { purges } from './database/purges.ts'
import { races } from './database/races.ts'
import { restores } from './database/restores.ts'
import { resumes } from './database/resume.ts'
import { retentions } from './database/retention.ts'
import { reverts } from './database/reverts.ts'
import { searches } from './database/searches.ts'
import { shapes } from './database/shapes.ts'
import type { DatabaseSubject } from './database/subject.ts'
import { transactions } from './database/transactions.ts'
import { values } from './database/values.ts'
import { watches } from './database/watch.ts'
import { wheres } from './database/where.ts'
import { writes } from './database/writes.ts'

export type { DatabaseSubject } from './database/subject.ts'

const CALLS = [
  paths,
  names,
  values,
  writes,
  patches,
  deletes,
  expectations,
  transactions,
  keys,
  gets,
  documents,
  histories,
  asOf,
  restores,
  reverts,
  collections,
  diffs,
  logs,
  limits,
  races,
  purges,
  retentions,
  keptPasts,
  wheres,
  searches,
]

const FEEDS = [atLeasts, changes, feeds, ephemeral, interrupts, lives, resumes, shapes, depthsOfFeeds, watches]

/** What every `Database` keeps, wherever it runs: the engine over any store, and a client over any transport. */
export function databaseContract(subject: DatabaseSubject): void {
  describe(`database on ${subject.name}`, () => {
    for (const chapter of [...CALLS, ...FEEDS]) chapter(subject)
  })
}

/** The chapters of feeds, for another way of the same feeds: its calls are those of a subject that runs them all. */
export function feedContract(subject: DatabaseSubject): void {
  describe(`feeds on ${subject.name}`, () => {
    for (const chapter of FEEDS) chapter(subject)
  })
}
