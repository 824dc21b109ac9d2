import type { Filter, FindOptions } from 'mongodb'
import type { Millis, Revision } from '../../core/version.ts'
import type { TakenRows } from '../page.ts'
import { logKey, scopeKeys, type LogEntry, type LogRow } from './rows.ts'
import { byKey, pointRead, type LogSection, type MongoTables } from './tables.ts'

/** A commit, by what never changes in its row; `writer` is null at revision 0, before the first commit. */
export interface LogEnd {
  readonly revision: Revision
  readonly writer: string | null
}

/**
 * The log at and behind the last commit that a process knows. `replaced`: the commit is missing, or another one has its
 * revision. `hole`: it is followed by others, but not by the next one.
 */
type EndState = 'last' | 'more' | 'replaced' | 'hole'

/** Compares the last known commit with the rows of the log that begin at its revision. Pure. */
export function compareEnd({ revision, writer }: LogEnd, rows: readonly LogEnd[]): EndState {
  const found = rows.find((row) => row.revision === revision)
  if (revision > 0 && found?.writer !== writer) return 'replaced'
  const next = rows.find((row) => row.revision > revision)
  if (next === undefined) return 'last'
  return next.revision === revision + 1 ? 'more' : 'hole'
}

/**
 * The first revision that a page of a section lacks although there are others behind it; null: it has no hole. With
 * `isWhole` all commits of the section are known to be there. Pure.
 */
export function missingIn(
  { rows, more }: TakenRows<Pick<LogEntry, 'commit'>>,
  { after, before, reverse }: LogSection,
  isWhole = false,
): Revision | null {
  const [first, step] = reverse === true ? [before - 1, -1] : [after + 1, 1]
  const hole = rows.findIndex(({ commit }, i) => commit.revision !== first + step * i)
  if (hole >= 0) return first + step * hole
  const isShort = isWhole && !more && rows.length < before - after - 1
  return isShort ? first + step * rows.length : null
}

/** The place, the writer and the time of a commit in the log. */
export interface LogMark extends LogEnd {
  readonly at: Millis
}

/** Fields of a row that never change. */
const MARK = { n: 1, w: 1, ts: 1 } as const

/** The place of a commit. */
interface RowPlace {
  readonly scope: string
  readonly revision: Revision
}

/** The row of a revision, without its content. `anew`: with all that was acknowledged before the call. */
export async function findMark(
  tables: MongoTables,
  { scope, revision }: RowPlace,
  concern?: 'anew',
): Promise<LogMark | null> {
  const options = { projection: MARK, ...pointRead(tables, concern) }
  const row = await tables.call(tables.log.findOne(byKey(tables, scope, [logKey(scope, revision)]), options))
  return row === null ? null : toMark(row)
}

/** As `findMark`, of several revisions; those that are not in the log are left out. */
export async function findMarks(
  tables: MongoTables,
  scope: string,
  revisions: readonly Revision[],
): Promise<readonly LogMark[]> {
  if (!tables.quirks.seeksRanges) {
    const marks = await Promise.all(revisions.map((revision) => findMark(tables, { scope, revision })))
    return marks.filter((mark) => mark !== null)
  }
  const keys = revisions.map((revision) => logKey(scope, revision))
  const options = { projection: MARK, maxTimeMS: tables.readMs }
  return (await tables.call(tables.log.find(byKey(tables, scope, keys), options).toArray())).map(toMark)
}

/** The rows of the log from the last known one on, at most two, without their content. */
export async function findEnd(tables: MongoTables, scope: string, end: LogEnd): Promise<readonly LogEnd[]> {
  const { revision } = end
  if (tables.quirks.seeksRanges) {
    const filter: Filter<LogRow> = { t: scope, _id: { $gte: logKey(scope, revision), $lt: scopeKeys(scope).to } }
    const options: FindOptions = { sort: { _id: 1 }, limit: 2, projection: MARK, maxTimeMS: tables.readMs }
    return (await tables.call(tables.log.find(filter, options).toArray())).map(toMark)
  }
  // Where there are newer commits, the page of them shows this one too.
  const next = await findMark(tables, { scope, revision: revision + 1 })
  const last = next === null ? await findMark(tables, { scope, revision }) : end
  return [last, next].filter((row) => row !== null)
}

function toMark({ n, w, ts }: Pick<LogRow, 'n' | 'w' | 'ts'>): LogMark {
  return { revision: Number(n), writer: w, at: ts.getTime() }
}
