import { formatCursor, historyExpired, unknownCursor } from '../../core/cursor.ts'
import type { AsOf } from '../../core/database/options.ts'
import { badArgument, DatabaseError } from '../../core/error.ts'
import { pathText, type Path } from '../../core/path.ts'
import { parseTimestamp } from '../../core/timestamp.ts'
import type { Revision } from '../../core/version.ts'
import { resolveVersioned } from './resolve-path.ts'
import type { LogTail } from '../log/log-tail.ts'
import type { TenantContext } from '../log/tenant-context.ts'

/** A moment of the past, with the name of the argument that gives it. */
interface NamedMoment {
  readonly argument: 'asOf' | 'from' | 'to'
  /** Undefined: now. */
  readonly moment: AsOf | undefined
}

/** The revision of a cursor, from which feeds and pages can go on. Throws CURSOR_UNKNOWN or CURSOR_EXPIRED. */
export async function cursorRevision(context: TenantContext, cursor: string): Promise<Revision> {
  const { tail } = context
  const revision = await pastRevision(context, cursor)
  if (revision < tail.floor) throw cursorExpired(tail)
  return revision
}

/** The revision of a cursor as of which to read: it may lie below the floor. Throws CURSOR_UNKNOWN. */
async function pastRevision({ tail }: TenantContext, cursor: string): Promise<Revision> {
  const point = await tail.resumePoint(cursor)
  switch (point.kind) {
    case 'revision':
      return point.revision
    case 'epoch':
      throw unknownCursor('it belongs to another tenant, or to this one before a backup was restored')
    case 'ahead':
      throw unknownCursor('it lies ahead of everything that was written')
    case 'partial':
      throw unknownCursor('it stands for half a snapshot of live, and only live can begin again from it')
    case 'expired':
      return point.revision
  }
}

/**
 * The revision at which to read `path`; undefined: the latest. `argument`: the name of the moment in errors. Throws
 * BAD_REQUEST, NOT_FOUND, HISTORY_EXPIRED or cursor errors.
 */
export async function asOfRevision(
  context: TenantContext,
  path: Path,
  { argument, moment }: NamedMoment,
): Promise<Revision | undefined> {
  if (moment === undefined) return undefined
  const { cursor, time, version } = oneOf(moment, argument)
  if (cursor !== undefined) return pastRevision(context, cursor)
  if (time !== undefined) return revisionAtTime(context, time, argument)
  if (version !== undefined) return revisionOfVersion(context, path, { version, argument })
  throw notOne(argument)
}

function oneOf(
  moment: AsOf,
  argument: string,
): { readonly cursor?: string; readonly time?: string; readonly version?: number } {
  const entries = Object.entries(moment).filter(([, value]) => value !== undefined && value !== null)
  if (entries.length === 1) return Object.fromEntries(entries) as { cursor?: string; time?: string; version?: number }
  throw notOne(argument)
}

function notOne(argument: string): DatabaseError {
  return badArgument(argument, `${argument} has exactly one of: time, cursor, version.`)
}

async function revisionAtTime(
  { store, tenant, closeTime }: TenantContext,
  text: string,
  argument: string,
): Promise<Revision> {
  const time = parseTimestamp(text, argument)
  if (!(await closeTime(time))) {
    throw badArgument(argument, `${text} lies in the future: what is true then is not known yet.`)
  }
  return store.revisionAt(tenant, time)
}

async function revisionOfVersion(
  context: TenantContext,
  path: Path,
  { version, argument }: { readonly version: number; readonly argument: string },
): Promise<Revision> {
  if (!Number.isSafeInteger(version) || version < 1) throw badArgument(argument, 'A version is a whole number from 1.')
  const { store, tenant } = context
  if (path.length <= 1) {
    throw badArgument(
      argument,
      'Versions count per document: the root and its collections are read as of a time or a cursor.',
    )
  }
  const { head } = await resolveVersioned(context, path)
  const numbers = head === null ? [] : [{ path: head.path, version }]
  const [found] = (await store.versions(tenant, numbers, 1)).rows
  if (found !== undefined) return found.revision
  // Numbers have no gaps: one that is not there was removed.
  if (head !== null && version < head.version) throw historyExpired(context.tail)
  const text = pathText(head?.path ?? path)
  throw new DatabaseError('NOT_FOUND', `${text} never had a version ${version}.`, { path: text })
}

/** Whether a read failed because retention removed what it needs. */
export function isHistoryExpired(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === 'HISTORY_EXPIRED'
}

/** CURSOR_EXPIRED with the floor of the log. */
export function cursorExpired(tail: LogTail): DatabaseError {
  const floor = formatCursor(tail.epoch, tail.floor)
  return new DatabaseError(
    'CURSOR_EXPIRED',
    'The log no longer holds everything after this cursor; read again from the start.',
    { floor },
  )
}
