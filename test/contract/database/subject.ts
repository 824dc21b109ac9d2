import { expect, test } from 'vitest'
import type { ChangeBatch, WriteResult, Database } from '../../../src/core/database.ts'
import type { ChangesOptions } from '../../../src/core/database/options.ts'
import { DatabaseError } from '../../../src/core/error.ts'
import { LIMITS, type Limits } from '../../../src/core/limits.ts'

/** A database under the contract. */
export interface DatabaseSubject {
  readonly name: string
  /** An empty database for one test. */
  open(options?: { readonly now?: () => number; readonly limits?: Limits }): Promise<OpenDatabase>
  /** Commits that are more than it keeps at hand for a reader, a multiple of 9. Default 4,500. */
  readonly manyCommits?: number
  /** Laws, by id, that this database cannot keep. */
  readonly skip?: readonly { readonly law: string; readonly reason: string }[]
}

export interface OpenDatabase {
  readonly db: Database
  /** The same database for an actor; `db` has none. */
  as(actor: string): Database
  dispose(): Promise<void>
}

/** The clock of one test: it stands still until it is moved. */
export interface Clock {
  /** Milliseconds since 1970. */
  time: number
}

export interface Fixture {
  readonly db: Database
  /** The same database for an actor; `db` has none. */
  readonly as: (actor: string) => Database
  readonly clock: Clock
}

/** What a refused write or read says: its code and the fields that come with it. */
export type Refusal = Readonly<Record<string, unknown>> & { readonly code: string }

/** 2026-01-01T00:00:00.000Z, where the clock of every test begins. */
export const START: number = Date.UTC(2026, 0, 1)

/** The time of the test's clock as the database shows it. */
export function timestamp(millis: number): string {
  return new Date(millis).toISOString()
}

/** The ids of laws begin with two letters for their file. */
type Chapter =
  | ('AL' | 'AO' | 'CH' | 'CO' | 'DE' | 'DI' | 'DO' | 'DP' | 'EP' | 'EX' | 'FE' | 'GE' | 'HI' | 'IN' | 'KE' | 'KP')
  | (
      | 'LI'
      | 'LO'
      | 'LV'
      | 'NA'
      | 'PA'
      | 'PT'
      | 'PU'
      | 'RA'
      | 'RE'
      | 'RS'
      | 'RT'
      | 'RV'
      | 'SE'
      | 'SH'
      | 'TR'
      | 'VA'
      | 'WA'
    )
  | ('WH' | 'WR')

/** The id of a law, and what it says; the cases that one loop makes share an id. */
export type LawTitle = `${Chapter}${number} ${string}`

/** A test of the contract on an empty database; `limits` replace the usual bounds. */
export function law(
  subject: DatabaseSubject,
  title: LawTitle,
  run: (fixture: Fixture) => Promise<void>,
  limits: Partial<Limits> = {},
): void {
  const skipped = subject.skip?.find(({ law: id }) => title.startsWith(`${id} `))
  if (skipped !== undefined) test.skip(`${title} (not for ${subject.name}: ${skipped.reason})`)
  else test(title, () => withDatabase(subject, run, limits))
}

/** Runs with an empty database and frees it. */
export async function withDatabase(
  subject: DatabaseSubject,
  run: (fixture: Fixture) => Promise<void>,
  limits: Partial<Limits> = {},
): Promise<void> {
  const clock: Clock = { time: START }
  const opened = await subject.open({ now: () => clock.time, limits: { ...LIMITS, ...limits } })
  try {
    await run({ db: opened.db, as: (actor) => opened.as(actor), clock })
  } finally {
    await opened.dispose()
  }
}

/** The DatabaseError with which something is refused; anything else that happens is a failure. */
export async function refusal(outcome: Promise<unknown>): Promise<Refusal> {
  const [settled] = await Promise.allSettled([outcome])
  if (settled?.status !== 'rejected') {
    throw new Error(`It was not refused, but gave ${JSON.stringify(settled?.value)?.slice(0, 300)}.`)
  }
  if (!(settled.reason instanceof DatabaseError)) throw settled.reason
  return { ...settled.reason.details, code: settled.reason.code }
}

/** NOT_FOUND, NAME_TAKEN and others name the document or the path that was asked for. */
export async function expectRefusal(
  outcome: Promise<unknown>,
  code: string,
  ...paths: readonly string[]
): Promise<void> {
  const refused = await refusal(outcome)
  expect(refused.code).toBe(code)
  if (paths.length > 0) expect(paths).toContain(refused['path'])
}

/** What a feed has delivered so far, and the way to more of it. */
export interface Reader {
  readonly batches: readonly ChangeBatch[]
  next(): Promise<ChangeBatch>
  /** Reads on until so many changes have come, in all. */
  until(changes: number): Promise<readonly string[]>
  /** Reads on to the next batch that leaves nothing behind. */
  upToDate(): Promise<readonly string[]>
  /** Reads on until the feed completes. */
  rest(): Promise<readonly string[]>
}

/** Follows patterns while `run` runs. Changes are summed up as `NEW posts/1@1`. */
export async function following(
  db: Database,
  paths: readonly string[],
  options: ChangesOptions,
  run: (reader: Reader) => Promise<void>,
): Promise<void> {
  await reading(db.changes(paths, options), run)
}

/** Reads a feed while `run` runs. */
export async function reading(feed: AsyncIterator<ChangeBatch>, run: (reader: Reader) => Promise<void>): Promise<void> {
  try {
    await run(readerOf(feed))
  } finally {
    await feed.return?.()
  }
}

/** A reader that pulls from `feed`. */
export function readerOf(feed: AsyncIterator<ChangeBatch>): Reader {
  const batches: ChangeBatch[] = []
  const told = (): readonly string[] => batches.flatMap(summary)
  const pull = async (): Promise<ChangeBatch | null> => {
    const { done, value } = await feed.next()
    if (done === true) return null
    batches.push(value)
    return value
  }
  const next = async (): Promise<ChangeBatch> => {
    const batch = await pull()
    if (batch === null) throw new Error('The feed has completed.')
    return batch
  }
  return {
    batches,
    next,
    until: async (changes) => {
      while (told().length < changes) await next()
      return told()
    },
    upToDate: async () => {
      while (!(await next()).upToDate);
      return told()
    },
    rest: async () => {
      while ((await pull()) !== null);
      return told()
    },
  }
}

/** Changes as `NEW WRITE posts/1@1`: type, reason, path and version. */
export function reasons({ changes }: Pick<WriteResult, 'changes'>): readonly string[] {
  return changes.map(({ type, reason, path, document }) => `${type} ${reason} ${path}@${document.version}`)
}

/** Changes as `NEW posts/1@1`: type, path and version. */
export function summary({ changes }: Pick<WriteResult, 'changes'>): readonly string[] {
  return changes.map(({ type, path, document }) => `${type} ${path}@${document.version}`)
}

/** All changes of the log at the patterns, summed up, read page by page. */
export async function wholeLog(
  db: Database,
  paths: readonly string[] = ['*'],
  first = 1_000,
): Promise<readonly string[]> {
  const told: string[] = []
  let after: string | undefined
  for (;;) {
    const page = await db.log(paths, { after, first })
    told.push(...summary(page))
    if (page.upToDate) return told
    after = page.cursor
  }
}
