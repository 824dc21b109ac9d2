import { repeatCommits } from '../append.ts'
import type { DiskReserve } from '../files/disk-reserve.ts'
import { isStorageError, markUncertain } from '../files/storage-error.ts'
import type { ReaderPin } from '../reader-pin.ts'
import { usedBytes, type LmdbTables } from '../tables.ts'
import { JOURNAL_BYTES, type Journal } from './journal.ts'
import { OpenTransaction } from './open-transaction.ts'
import type { JournaledCommit } from './record.ts'
import type { AppendSteps } from './stepped-append.ts'

/** The resources of an open environment: opened and closed together. */
export interface OpenEnvironment {
  readonly tables: LmdbTables
  readonly reserve: DiskReserve
  readonly pin: ReaderPin
  readonly journal: Journal
  /** The transaction whose commits are in the journal; null: all is committed. */
  pending: PendingTransaction | null
}

interface PendingTransaction {
  readonly transaction: OpenTransaction
  /** The commits in the transaction; each is in the journal, too. */
  readonly commits: JournaledCommit[]
  /** Of all its commits. */
  size: CommitsSize
  /** `usedBytes` of the data file: the pages that the transaction adds are not among them until it is committed. */
  readonly usedBytes: number
}

/** Versions of commits, and the bytes of their rows in the log. */
interface CommitsSize {
  readonly versions: number
  readonly bytes: number
}

/** Versions that a transaction holds open at most. */
const PENDING_VERSIONS = 64

/** Writes commits, in steps, and adds each of them to `journaled`; it writes nothing else. */
export type AppendAction<T> = (tables: LmdbTables, journaled: JournaledCommit[]) => AppendSteps<T>

/**
 * Appends commits, in steps; durable at the end. Without room for them beside the open transaction, that is committed
 * before. Until the last step nothing else may use the environment.
 */
export function* appendPending<T>(open: OpenEnvironment, action: AppendAction<T>): AppendSteps<T> {
  open.reserve.assertNotRemoved()
  const first = yield* tryAppend(open, action)
  if (first.kind === 'done') return first.result
  commitPending(open)
  const second = yield* tryAppend(open, action)
  if (second.kind === 'full') throw second.error
  return second.result
}

function sizeOf(commits: readonly JournaledCommit[], more: CommitsSize = { versions: 0, bytes: 0 }): CommitsSize {
  return commits.reduce(
    (sum, { versions, row }) => ({ versions: sum.versions + versions, bytes: sum.bytes + row.length }),
    more,
  )
}

/** Bytes of pages of tables that a version changes at most, and of those that its row and its value fill up. */
const VERSION_BYTES = { changed: 49_152, filled: 8_192 } as const

/** `neededBytes` is a multiple of so many bytes: the data file does not grow with each commit. */
const STEP_BYTES = 65_536

/** `neededBytes` at most: as many as the commits of a full journal need. A larger batch is in lmdb before its reply. */
const MOST_NEEDED_BYTES = 4_194_304

/** Bytes that a transaction needs behind the used ones, roughly, when no page is free. */
function neededBytes({ versions, bytes }: CommitsSize, used: number): number {
  const changed = Math.min(used, versions * VERSION_BYTES.changed)
  // The log and `heads` have each value.
  const filled = versions * VERSION_BYTES.filled + 2 * bytes
  return Math.min(Math.ceil((changed + filled) / STEP_BYTES) * STEP_BYTES, MOST_NEEDED_BYTES)
}

/** Begins a transaction with commits that are in the journal; nothing is written to the disk. */
export function beginPending(
  { tables, pin }: OpenEnvironment,
  commits: readonly JournaledCommit[],
): PendingTransaction {
  pin.update(tables.root)
  const transaction = new OpenTransaction(tables.root)
  try {
    repeatCommits(tables, commits)
  } catch (error) {
    transaction.abort()
    throw error
  }
  return { transaction, commits: [...commits], size: sizeOf(commits), usedBytes: usedBytes(tables) }
}

type Attempt<T> =
  | { readonly kind: 'done'; readonly result: T }
  /** The disk has no room for it beside the open transaction. */
  | { readonly kind: 'full'; readonly error: unknown }

/** The disk has no room for the open transaction; `cause` is the system's error. */
class NoRoom extends Error {}

function* tryAppend<T>(open: OpenEnvironment, action: AppendAction<T>): AppendSteps<Attempt<T>> {
  const pending = (open.pending ??= beginPending(open, []))
  try {
    return { kind: 'done', result: yield* undoable(open, appendTo(open, pending, action)) }
  } catch (error) {
    if (!(error instanceof NoRoom)) throw error
    return { kind: 'full', error: error.cause }
  }
}

function* appendTo<T>(open: OpenEnvironment, pending: PendingTransaction, action: AppendAction<T>): AppendSteps<T> {
  const journaled: JournaledCommit[] = []
  const result = yield* action(open.tables, journaled)
  if (journaled.length === 0) return result
  const size = sizeOf(journaled, pending.size)
  ensureRoom(open, size, pending.usedBytes)
  pending.size = size
  if (size.versions <= PENDING_VERSIONS && open.journal.append(journaled)) pending.commits.push(...journaled)
  else yield* commitUnjournaled(open, sizeOf(journaled))
  return result
}

/** Ensures, before commits are acknowledged, that lmdb can commit them when the disk is full. Throws NoRoom. */
function ensureRoom({ reserve }: OpenEnvironment, size: CommitsSize, used: number): void {
  try {
    reserve.ensure(used, neededBytes(size, used))
  } catch (error) {
    throw new NoRoom('There is no room for the transaction', { cause: error })
  }
}

/** Runs a part of the open transaction. lmdb undoes no part: when it throws, all is undone, and the rest repeated. */
function* undoable<T>(open: OpenEnvironment, steps: AppendSteps<T>): AppendSteps<T> {
  const commits = open.pending?.commits ?? []
  try {
    return yield* steps
  } catch (error) {
    abortPending(open)
    if (!isStorageError(error)) open.pending = beginPending(open, commits)
    throw error
  }
}

export function commitPending(open: OpenEnvironment): void {
  const { pending, reserve, tables, journal } = open
  if (pending === null) return
  reserve.reserve(usedBytes(tables))
  journal.endRecords()
  open.pending = null
  pending.transaction.commit()
  journal.restart()
}

/** Commits what the journal has no room for. Many bytes take long to flush: they get a turn of the event loop. */
function* commitUnjournaled(open: OpenEnvironment, { bytes }: CommitsSize): AppendSteps<void> {
  const turnEnd = bytes > JOURNAL_BYTES ? 'TURN_END' : undefined
  yield turnEnd
  commitUncertain(open)
  // The work of the callers with the result gets a turn, too.
  yield turnEnd
}

/** As `commitPending`, with commits that are not in the journal: its root may be on disk though its flush failed. */
function commitUncertain(open: OpenEnvironment): void {
  try {
    commitPending(open)
  } catch (error) {
    if (open.pending === null) markUncertain(error)
    throw error
  }
}

function abortPending(open: OpenEnvironment): void {
  const { pending } = open
  open.pending = null
  pending?.transaction.abort()
}
