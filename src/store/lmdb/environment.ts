import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { closedError, retryableError, type DatabaseError } from '../../core/error.ts'
import { repeatCommits } from './append.ts'
import { checkDataFile } from './files/data-file.ts'
import { isAt } from './files/inode.ts'
import { DiskReserve } from './files/disk-reserve.ts'
import { tryDismiss } from './files/lock/readers-lock.ts'
import { isStorageError, markUncertain, storeError } from './files/storage-error.ts'
import { Journal, removeJournal } from './journal/journal.ts'
import { OpenTransaction } from './journal/open-transaction.ts'
import type { JournaledCommit } from './journal/record.ts'
import { ReaderPin } from './reader-pin.ts'
import { closeTables, openTables, usedBytes, type LmdbTables, type TablesOptions } from './tables.ts'

const DATA_FILE = 'data.mdb'

interface LmdbEnvironmentOptions extends TablesOptions {
  /** Whether the path of the directory still names the directory that this process owns. Throws the system's error. */
  readonly isInPlace: () => boolean
}

/** The resources of an open environment: opened and closed together. */
interface OpenEnvironment {
  readonly tables: LmdbTables
  readonly reserve: DiskReserve
  readonly pin: ReaderPin
  readonly journal: Journal
  /** The transaction whose commits are in the journal; null: all is committed. */
  pending: PendingTransaction | null
}

/** The resources of an environment that were opened before an error. */
type OpenParts = Pick<OpenEnvironment, 'tables' | 'pin'> & {
  -readonly [Name in keyof OpenEnvironment]?: OpenEnvironment[Name]
}

interface PendingTransaction {
  readonly transaction: OpenTransaction
  /** The commits in the transaction; each is in the journal, too. */
  readonly commits: JournaledCommit[]
  /** Of all its commits. */
  size: CommitsSize
}

/** Versions of commits, and the bytes of their rows in the log. */
interface CommitsSize {
  readonly versions: number
  readonly bytes: number
}

/** Versions that a transaction holds open at most. */
const PENDING_VERSIONS = 64

/** How long a transaction stays open at most, ms. */
const PENDING_MS = 50

/** As PENDING_MS, after a commit that failed: each one opens the data anew, and ends those who read it. */
const FAILED_PENDING_MS = 1_000

/**
 * An lmdb environment that is reopened after a failure. A failed write may leave lmdb in a state in which every call
 * fails (MDB_PANIC), so the environment is closed, and opened again at its next use: acknowledged commits are on disk,
 * nothing else was done. lmdb opens by path, so every use is refused until the same directory and data file are at
 * their path. Transactions are synchronous: docs/adr/0005-lmdb-transactions-are-synchronous.md.
 */
export class LmdbEnvironment {
  readonly #options: LmdbEnvironmentOptions
  /** Descriptor of the data file, kept open so that no other file can get its inode. */
  readonly #data: number
  #open: OpenEnvironment | null
  /** Where the records of the journal ended when the environment was closed last; undefined: it was not. */
  #journalEnd: number | undefined
  #commitTimer: NodeJS.Timeout | null = null
  #pendingMs = PENDING_MS
  #closed = false

  /** Opens the environment. Throws UNAVAILABLE or STORAGE_FULL. */
  constructor(options: LmdbEnvironmentOptions) {
    this.#options = options
    this.#open = openEnvironment(options, { data: null, journalEnd: undefined })
    this.#data = openDataFile(options.directory, this.#open)
  }

  /** Runs a read. It sees one state, as it is synchronous. Throws UNAVAILABLE. */
  read<T>(action: (tables: LmdbTables) => T): T {
    return this.#run(({ tables }) => action(tables))
  }

  /** Runs and flushes a transaction: all or nothing, durable on return. Throws UNAVAILABLE or STORAGE_FULL. */
  write<T>(action: (tables: LmdbTables) => T): T {
    return this.#run((open) => {
      commitPending(open)
      open.pin.update(open.tables.root)
      open.reserve.reserve(usedBytes(open.tables))
      return open.tables.root.transactionSync(() => action(open.tables))
    })
  }

  /**
   * As `write`, of commits: `action` adds each of them to `journaled`, and writes nothing else. They are in the journal
   * when the call returns, and in lmdb for the readers of this process; lmdb flushes them later, with others.
   */
  append<T>(action: AppendAction<T>): T {
    return this.#run((open) => {
      open.reserve.assertNotRemoved()
      const first = tryAppend(open, action)
      if (first.kind === 'done') return first.result
      commitPending(open)
      const second = tryAppend(open, action)
      if (second.kind === 'full') throw second.error
      return second.result
    })
  }

  /** Throws UNAVAILABLE when the environment was closed. */
  assertOpen(): void {
    if (this.#closed) throw closedError()
  }

  close(): void {
    if (this.#closed) return
    this.#commit()
    this.#closed = true
    const isCommitted = this.#open !== null && this.#open.pending === null
    this.#discard()
    closeSync(this.#data)
    if (isCommitted) this.#removeJournal()
  }

  /** Removes the journal, unless another directory is at the path. A journal that is left does no harm. */
  #removeJournal(): void {
    const { directory, isInPlace } = this.#options
    try {
      if (isInPlace()) removeJournal(directory)
    } catch {
      // Its commits are in lmdb.
    }
  }

  /** Commits the open transaction. Where that fails, the next use opens the data anew, and repeats the journal. */
  #commit(): void {
    if (this.#commitTimer !== null) clearTimeout(this.#commitTimer)
    this.#commitTimer = null
    try {
      if (this.#open !== null) this.#run(commitPending)
      this.#pendingMs = PENDING_MS
    } catch {
      this.#pendingMs = FAILED_PENDING_MS
      // The commits of the transaction are in the journal.
    }
  }

  #run<T>(action: (open: OpenEnvironment) => T): T {
    this.assertOpen()
    this.#open ??= openEnvironment(this.#options, { data: this.#data, journalEnd: this.#journalEnd })
    try {
      const result = action(this.#open)
      if (this.#open.pending !== null) this.#commitTimer ??= setTimeout(() => this.#commit(), this.#pendingMs).unref()
      return result
    } catch (error) {
      if (!isStorageError(error)) throw error
      this.#discard()
      throw storeError(error, this.#options.directory)
    }
  }

  /** Closes the environment; the next use opens it again. */
  #discard(): void {
    if (this.#open !== null) {
      this.#journalEnd = this.#open.journal.end
      closeAll(this.#open)
    }
    this.#open = null
  }
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
function beginPending({ tables, pin }: OpenEnvironment, commits: readonly JournaledCommit[]): PendingTransaction {
  pin.update(tables.root)
  const transaction = new OpenTransaction(tables.root)
  try {
    repeatCommits(tables, commits)
  } catch (error) {
    transaction.abort()
    throw error
  }
  return { transaction, commits: [...commits], size: sizeOf(commits) }
}

type AppendAction<T> = (tables: LmdbTables, journaled: JournaledCommit[]) => T

type Attempt<T> =
  | { readonly kind: 'done'; readonly result: T }
  /** The disk has no room for it beside the open transaction. */
  | { readonly kind: 'full'; readonly error: unknown }

/** The disk has no room for the open transaction; `cause` is the system's error. */
class NoRoom extends Error {}

function tryAppend<T>(open: OpenEnvironment, action: AppendAction<T>): Attempt<T> {
  const pending = (open.pending ??= beginPending(open, []))
  try {
    return { kind: 'done', result: undoable(open, () => appendTo(open, pending, action)) }
  } catch (error) {
    if (!(error instanceof NoRoom)) throw error
    return { kind: 'full', error: error.cause }
  }
}

function appendTo<T>(open: OpenEnvironment, pending: PendingTransaction, action: AppendAction<T>): T {
  const journaled: JournaledCommit[] = []
  const result = action(open.tables, journaled)
  if (journaled.length === 0) return result
  const size = sizeOf(journaled, pending.size)
  ensureRoom(open, size)
  pending.size = size
  if (size.versions > PENDING_VERSIONS || !open.journal.append(journaled)) commitUncertain(open)
  else pending.commits.push(...journaled)
  return result
}

/** Ensures, before commits are acknowledged, that lmdb can commit them when the disk is full. Throws NoRoom. */
function ensureRoom({ tables, reserve }: OpenEnvironment, size: CommitsSize): void {
  const used = usedBytes(tables)
  try {
    reserve.ensure(used, neededBytes(size, used))
  } catch (error) {
    throw new NoRoom('There is no room for the transaction', { cause: error })
  }
}

/** Runs a part of the open transaction. lmdb undoes no part: when it throws, all is undone, and the rest repeated. */
function undoable<T>(open: OpenEnvironment, action: () => T): T {
  const commits = open.pending?.commits ?? []
  try {
    return action()
  } catch (error) {
    abortPending(open)
    if (!isStorageError(error)) open.pending = beginPending(open, commits)
    throw error
  }
}

function commitPending(open: OpenEnvironment): void {
  const { pending, reserve, tables, journal } = open
  if (pending === null) return
  reserve.reserve(usedBytes(tables))
  journal.endRecords()
  open.pending = null
  pending.transaction.commit()
  journal.restart()
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

interface OpenedBefore {
  /** Descriptor of the data file that must be at the path; null: it may be a new file. */
  readonly data: number | null
  /** `end` of the journal then. */
  readonly journalEnd: number | undefined
}

/** Opens an environment. */
function openEnvironment(options: LmdbEnvironmentOptions, { data, journalEnd }: OpenedBefore): OpenEnvironment {
  return translated(options.directory, () => {
    assertSame(options, data)
    if (data !== null) assertDismissed(options.directory)
    checkDataFile(options.directory)
    const tables = openTables(options)
    const pin = new ReaderPin(options.directory)
    const parts: OpenParts = { tables, pin }
    return closeOnError(
      () => closeAll(parts),
      () => {
        const reserve = (parts.reserve = new DiskReserve(options.directory))
        const journal = (parts.journal = new Journal(options.directory, journalEnd))
        if (data === null) journal.endRecords()
        // The path may have changed while lmdb opened it.
        assertSame(options, data)
        const open: OpenEnvironment = { tables, pin, reserve, journal, pending: null }
        if (journal.found.length > 0) open.pending = parts.pending = beginPending(open, journal.found)
        return open
      },
    )
  })
}

/** Throws UNAVAILABLE while readers of the environment before are there, which end within milliseconds. */
function assertDismissed(directory: string): void {
  if (tryDismiss(directory)) return
  throw retryableError('UNAVAILABLE', `The data directory ${directory} is still being read: try the same again.`)
}

/** Throws UNAVAILABLE when another directory or data file is at the path, or the system's error. */
function assertSame({ directory, isInPlace }: LmdbEnvironmentOptions, data: number | null): void {
  if (!isInPlace()) throw replacedError(`directory ${directory}`)
  const path = join(directory, DATA_FILE)
  if (data !== null && !isAt(path, data)) throw replacedError(`file ${path}`)
}

function replacedError(what: string): DatabaseError {
  const message =
    `The data ${what} was moved, removed or replaced while the server ran: ` + 'put it back, or restart the server.'
  return retryableError('UNAVAILABLE', message)
}

function openDataFile(directory: string, open: OpenEnvironment): number {
  return translated(directory, () =>
    closeOnError(
      () => closeAll(open),
      () => openSync(join(directory, DATA_FILE), 'r'),
    ),
  )
}

function closeAll({ tables, pin, reserve, journal, pending }: OpenParts): void {
  pending?.transaction.abort()
  pin.release()
  closeTables(tables)
  reserve?.close()
  journal?.close()
}

/** Runs `step`; calls `close` when it throws, to release what was opened before. */
function closeOnError<T>(close: () => void, step: () => T): T {
  try {
    return step()
  } catch (error) {
    close()
    throw error
  }
}

function translated<T>(directory: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw isStorageError(error) ? storeError(error, directory) : error
  }
}
