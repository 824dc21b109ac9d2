import { DatabaseError } from './error.ts'
import type { Revision } from './version.ts'

const FORMAT = /^([0-9a-z]{1,32})-([0-9a-z]{1,11})(-half|-s[0-9a-z]{1,7})?-([0-9a-z]{1,7})$/

/** FNV-1a, 32 bits (http://www.isthe.com/chongo/tech/comp/fnv/). Detects damage; it is no signature. */
function checksum(text: string): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0).toString(36)
}

/** The parts of an intact cursor. */
interface CursorParts {
  readonly epoch: string
  readonly revision: Revision
  /** Whether the cursor stands inside a snapshot that was not delivered to its end. */
  readonly partial: boolean
  /** `shapeHash` of the shape whose state the cursor stands for; null when it stands for the log. */
  readonly shape: string | null
}

/** A 32-bit hash of a shape's text, in base 36. Two shapes may collide. */
export function shapeHash(shape: string): string {
  return checksum(shape)
}

/**
 * The cursor of `revision` in the tenant whose epoch is `epoch` (letters a–z and digits); with `shape` (`shapeHash`),
 * of the shape's state at that revision.
 */
export function formatCursor(epoch: string, revision: Revision, shape?: string): string {
  return withChecksum(`${epoch}-${revision.toString(36)}${shape === undefined ? '' : `-s${shape}`}`)
}

/** A cursor inside a snapshot as of `revision`: nothing can be resumed from it. */
export function formatPartialCursor(epoch: string, revision: Revision): string {
  return withChecksum(`${epoch}-${revision.toString(36)}-half`)
}

function withChecksum(body: string): string {
  return `${body}-${checksum(body)}`
}

/** The parts of a cursor. Throws CURSOR_UNKNOWN when the cursor is damaged. */
export function readCursor(cursor: string): CursorParts {
  const [, epoch, digits, tag = '', expected] = FORMAT.exec(cursor) ?? []
  if (epoch === undefined || digits === undefined || checksum(`${epoch}-${digits}${tag}`) !== expected) {
    throw unknownCursor('it was altered or is not a cursor')
  }
  const revision = Number.parseInt(digits, 36)
  if (revision.toString(36) !== digits || !Number.isSafeInteger(revision)) {
    throw unknownCursor('it was altered or is not a cursor')
  }
  return { epoch, revision, partial: tag === '-half', shape: tag.startsWith('-s') ? tag.slice(2) : null }
}

/** The part of a log that its store has. */
interface LogExtent {
  readonly epoch: string
  /** Versions that were replaced below it may have been removed. */
  readonly floor: Revision
  readonly last: Revision
}

/**
 * Where a reader with a cursor resumes, or why it cannot: the cursor belongs to another tenant or to a time before a
 * backup was restored (`epoch`), lies ahead of the log, inside a snapshot, or below the floor.
 */
export type ResumePoint =
  | { readonly kind: 'revision'; readonly revision: Revision; readonly shape: string | null }
  | { readonly kind: 'expired'; readonly revision: Revision }
  | { readonly kind: 'epoch' | 'ahead' | 'partial' }

/** Decides for all reads and feeds. Throws CURSOR_UNKNOWN when the cursor is damaged. */
export function resumePoint(log: LogExtent, cursor: string): ResumePoint {
  const { epoch, revision, partial, shape } = readCursor(cursor)
  if (epoch !== log.epoch) return { kind: 'epoch' }
  if (revision > log.last) return { kind: 'ahead' }
  if (partial) return { kind: 'partial' }
  return revision < log.floor ? { kind: 'expired', revision } : { kind: 'revision', revision, shape }
}

/** HISTORY_EXPIRED with the cursor of the floor: the oldest revision that reads exactly, whatever is read. */
export function historyExpired({ epoch, floor }: Pick<LogExtent, 'epoch' | 'floor'>): DatabaseError {
  return new DatabaseError(
    'HISTORY_EXPIRED',
    'Retention has removed versions that were current then; the oldest state that is kept whole is at the floor.',
    { floor: formatCursor(epoch, floor) },
  )
}

/** CURSOR_UNKNOWN with the reason `why`. */
export function unknownCursor(why: string): DatabaseError {
  return new DatabaseError(
    'CURSOR_UNKNOWN',
    `The cursor cannot be resumed from: ${why}. Read again from the start, or from now.`,
  )
}
