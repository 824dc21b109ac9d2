import { formatCursor } from '../../../src/core/cursor.ts'
import type { Change, ChangeBatch, Database, Document } from '../../../src/core/database.ts'
import type { Cursor } from '../../../src/core/database/options.ts'
import { canonicalJson } from '../../../src/core/json/value.ts'
import type { ChangeType, Revision } from '../../../src/core/version.ts'

/** A change as a reader saw it; `value` is its canonical JSON, so that equal values are equal texts. */
export interface SeenChange {
  readonly revision: Revision
  /** Id of its commit. */
  readonly commit: string
  readonly path: string
  readonly version: number
  readonly type: ChangeType
  readonly value: string
}

/** A batch of a feed as a reader saw it; `cursor` is the revision that its cursor stands for. */
export interface SeenBatch {
  readonly changes: readonly SeenChange[]
  readonly cursor: Revision
  readonly upToDate: boolean
}

/** What a follower got between two deaths. */
export interface Session {
  /** The revision after which it asked to be served. */
  readonly after: Revision
  readonly batches: readonly SeenBatch[]
}

/** A follower's life. */
export type FollowerRun = readonly Session[]

/** A commit as the log tells it. */
export interface LoggedCommit {
  readonly revision: Revision
  readonly id: string
  /** RFC 3339. */
  readonly at: string
  readonly changes: readonly SeenChange[]
}

/** What a judge needs to know of a change, from whatever face it comes. */
export interface ShownChange extends Pick<Change, 'type' | 'path' | 'commit' | 'cursor' | 'at'> {
  readonly document: Pick<Document, 'version' | 'value'>
}

/** A batch of a feed, from whatever face it comes. */
export interface ShownBatch extends Pick<ChangeBatch, 'cursor' | 'upToDate'> {
  readonly changes: readonly ShownChange[]
}

/** What a write was answered with, from whatever face it comes. */
export interface ShownCommit {
  readonly id: string
  readonly cursor: Cursor
  readonly repeated: boolean
  readonly changes: readonly ShownChange[]
}

/** What a cursor stands for. Only a judge may look: to everyone else it is opaque. */
export function revisionIn(cursor: Cursor | null): Revision {
  if (cursor === null) throw new Error('An ephemeral change has no revision.')
  const [, digits = ''] = cursor.split('-')
  return Number.parseInt(digits, 36)
}

/** The cursor of the log at the place of a cursor of live, which knows its shape. */
export function logCursor(cursor: Cursor): Cursor {
  return formatCursor(epochIn(cursor), revisionIn(cursor))
}

/** A batch with a cursor of the log. */
export function inLog<Batch extends { readonly cursor: Cursor }>(batch: Batch): Batch {
  return { ...batch, cursor: logCursor(batch.cursor) }
}

/** The epoch in a cursor. */
export function epochIn(cursor: Cursor): string {
  return cursor.split('-')[0] ?? ''
}

export function seenChange({ cursor, commit, path, type, document }: ShownChange): SeenChange {
  return {
    revision: revisionIn(cursor),
    commit,
    path,
    version: document.version,
    type,
    value: canonicalJson(document.value),
  }
}

export function seenBatch({ changes, cursor, upToDate }: ShownBatch): SeenBatch {
  return { changes: changes.map(seenChange), cursor: revisionIn(cursor), upToDate }
}

/** Reads a page of the log after a cursor; of the whole log without one. */
export type ReadLog = (after: Cursor | undefined) => Promise<ShownBatch>

/** `ReadLog` of a database. `*` sees every change. */
export function logOf(db: Pick<Database, 'log'>): ReadLog {
  return (after) => db.log(['*'], { after, first: 1_000 })
}

/** The log after a cursor, read page by page to its end. Commits that changed nothing are not in it. */
export async function readWholeLog(read: ReadLog, after?: Cursor): Promise<readonly LoggedCommit[]> {
  const changes: ShownChange[] = []
  let cursor = after
  for (;;) {
    const page = await read(cursor)
    changes.push(...page.changes)
    cursor = page.cursor
    if (page.upToDate) return commitsOf(changes)
  }
}

function commitsOf(changes: readonly ShownChange[]): readonly LoggedCommit[] {
  const commits = new Map<Revision, LoggedCommit & { readonly changes: SeenChange[] }>()
  for (const change of changes) {
    const seen = seenChange(change)
    const known = commits.get(seen.revision)
    if (known === undefined) {
      commits.set(seen.revision, { revision: seen.revision, id: change.commit, at: change.at, changes: [seen] })
    } else known.changes.push(seen)
  }
  return [...commits.values()]
}
