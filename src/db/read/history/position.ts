import type { HistoryOptions } from '../../../core/database/options.ts'
import type { Revision, Version } from '../../../core/version.ts'
import { badPageCursor, formatPageCursor, parsePageCursor } from '../page-cursor.ts'
import type { Window } from '../page.ts'

/** An index after all versions of a commit: a position between two commits. */
export const END_OF_COMMIT = 999_999

/** A position in the log: a revision, and the index of a version within its commit. */
export interface HistoryPosition {
  readonly revision: Revision
  readonly index: number
}

/** A version and its index within its commit. */
export interface HistoryRow {
  readonly version: Version
  readonly index: number
}

/** Exclusive bounds of a history. */
export interface HistoryBounds {
  readonly after: HistoryPosition
  readonly before: HistoryPosition
}

/** Exclusive bounds. */
export interface RevisionBounds {
  readonly after: Revision
  readonly before: Revision
}

/** Bounds for one document: a commit makes at most one version of it, so the revision alone is its position. */
export function documentBounds({ after, before }: HistoryBounds): RevisionBounds {
  return { after: after.revision, before: before.index > 0 ? before.revision + 1 : before.revision }
}

/** Bounds for a collection: a commit at a bound is read, too, unless all of its versions are outside. */
export function collectionBounds({ after, before }: HistoryBounds): RevisionBounds {
  return {
    after: after.index < END_OF_COMMIT ? Math.max(after.revision - 1, 0) : after.revision,
    before: before.index > 0 ? before.revision + 1 : before.revision,
  }
}

export function remainingBounds(range: RevisionBounds, next: Revision, { reverse }: Window): RevisionBounds {
  return reverse ? { ...range, before: next } : { ...range, after: next }
}

export function isBetween({ version: { revision }, index }: HistoryRow, { after, before }: HistoryBounds): boolean {
  const above = revision > after.revision || (revision === after.revision && index > after.index)
  const below = revision < before.revision || (revision === before.revision && index < before.index)
  return above && below
}

export function toRow(version: Version): HistoryRow {
  return { version, index: 0 }
}

export function toPosition({ version: { revision }, index }: HistoryRow): HistoryPosition {
  return { revision, index }
}

export function parseBounds(
  options: HistoryOptions,
  { from, to }: { readonly from: Revision; readonly to: Revision },
): HistoryBounds {
  const after = options.after === undefined ? null : parsePosition(options.after, 'after')
  const before = options.before === undefined ? null : parsePosition(options.before, 'before')
  return {
    after: after !== null && after.revision > from ? after : { revision: from, index: Infinity },
    before: before !== null && before.revision <= to ? before : { revision: to + 1, index: 0 },
  }
}

export function formatPosition({ revision, index }: HistoryPosition): string {
  return formatPageCursor('place', `${revision}.${index}`)
}

function parsePosition(cursor: string, argument: string): HistoryPosition {
  const [, revision, index] = /^(\d{1,15})\.(\d{1,6})$/.exec(parsePageCursor('place', cursor, argument)) ?? []
  if (revision === undefined || index === undefined) throw badPageCursor(argument)
  return { revision: Number(revision), index: Number(index) }
}
