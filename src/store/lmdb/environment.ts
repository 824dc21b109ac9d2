import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { closedError, retryableError, type DatabaseError } from '../../core/error.ts'
import { checkDataFile } from './files/data-file.ts'
import { isAt } from './files/inode.ts'
import { DiskReserve } from './files/disk-reserve.ts'
import { tryDismiss } from './files/lock/readers-lock.ts'
import { isStorageError, storeError } from './files/storage-error.ts'
import { Journal, removeJournal } from './journal/journal.ts'
import {
  appendPending,
  beginPending,
  commitPending,
  type AppendAction,
  type OpenEnvironment,
} from './journal/pending-transaction.ts'
import { SteppedAppend, type AppendSteps } from './journal/stepped-append.ts'
import { ReaderPin } from './reader-pin.ts'
import { closeTables, openTables, usedBytes, type LmdbTables, type TablesOptions } from './tables.ts'

const DATA_FILE = 'data.mdb'

interface LmdbEnvironmentOptions extends TablesOptions {
  /** Whether the path of the directory still names the directory that this process owns. Throws the system's error. */
  readonly isInPlace: () => boolean
}

/** The resources of an environment that were opened before an error. */
type OpenParts = Pick<OpenEnvironment, 'tables' | 'pin'> & {
  -readonly [Name in keyof OpenEnvironment]?: OpenEnvironment[Name]
}

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
  /** The append whose steps are not done. */
  #appending: SteppedAppend<unknown> | null = null
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
   * As `write`, of commits: `action` adds each of them to `journaled`, and writes nothing else. At the end of its steps
   * they are in the journal, and in lmdb for the readers of this process; lmdb flushes them later, with others. Any
   * other call finishes the steps first: what is not durable is seen by none.
   */
  append<T>(action: AppendAction<T>): SteppedAppend<T> {
    this.assertOpen()
    this.#appending?.finish()
    const append = new SteppedAppend(this.#append(action))
    this.#appending = append
    return append
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
    this.#appending?.finish()
    const open = this.#opened()
    try {
      const result = action(open)
      this.#commitLater(open)
      return result
    } catch (error) {
      throw this.#failed(error)
    }
  }

  *#append<T>(action: AppendAction<T>): AppendSteps<T> {
    try {
      const open = this.#opened()
      const result = yield* appendPending(open, action)
      this.#commitLater(open)
      return result
    } catch (error) {
      throw this.#failed(error)
    } finally {
      this.#appending = null
    }
  }

  #opened(): OpenEnvironment {
    this.assertOpen()
    this.#open ??= openEnvironment(this.#options, { data: this.#data, journalEnd: this.#journalEnd })
    return this.#open
  }

  #commitLater({ pending }: OpenEnvironment): void {
    if (pending === null) return
    this.#commitTimer ??= setTimeout(() => this.#commitInTime(), this.#pendingMs).unref()
  }

  /** An append whose steps are not done goes on, and is committed at its end or later. */
  #commitInTime(): void {
    this.#commitTimer = null
    if (this.#appending === null) this.#commit()
  }

  /** The error to throw for one of an action: after an error of lmdb or of the system the environment is closed. */
  #failed(error: unknown): unknown {
    if (!isStorageError(error)) return error
    this.#discard()
    return storeError(error, this.#options.directory)
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
