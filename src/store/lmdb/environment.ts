import { closeSync, openSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { closedError, DatabaseError, retryableError } from '../../core/error.ts'
import { checkDataFile } from './files/data-file.ts'
import { isAt } from './files/inode.ts'
import { DiskReserve } from './files/disk-reserve.ts'
import { tryDismiss } from './files/lock/readers-lock.ts'
import { ReaderPin } from './reader-pin.ts'
import { closeTables, openTables, usedBytes, type LmdbTables, type TablesOptions } from './tables.ts'

/** With less free space than this EIO means a full disk: lmdb reports EIO after a short write. */
const FULL_BELOW_BYTES = 16 * 2 ** 20

const DATA_FILE = 'data.mdb'

/** EIO (errno). */
const IO_ERROR = 5

/** Codes for a full disk, of lmdb (lmdb.h) and of the system (errno): MDB_MAP_FULL, ENOSPC, EDQUOT. */
const FULL_CODES: ReadonlySet<unknown> = new Set([-30792, 28, 122, 'ENOSPC', 'EDQUOT'])

interface LmdbEnvironmentOptions extends TablesOptions {
  /** Whether the path of the directory still names the directory that this process owns. Throws the system's error. */
  readonly isInPlace: () => boolean
}

/** The resources of an open environment: opened and closed together. */
interface OpenEnvironment {
  readonly tables: LmdbTables
  readonly reserve: DiskReserve
  readonly pin: ReaderPin
}

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
  #closed = false

  /** Opens the environment. Throws UNAVAILABLE or STORAGE_FULL. */
  constructor(options: LmdbEnvironmentOptions) {
    this.#options = options
    this.#open = openEnvironment(options, null)
    this.#data = openDataFile(options.directory, this.#open)
  }

  /** Runs a read. It sees one state, as it is synchronous. Throws UNAVAILABLE. */
  read<T>(action: (tables: LmdbTables) => T): T {
    return this.#run(({ tables }) => action(tables))
  }

  /** Runs and flushes a transaction: all or nothing, durable on return. Throws UNAVAILABLE or STORAGE_FULL. */
  write<T>(action: (tables: LmdbTables) => T): T {
    return this.#run(({ tables, reserve, pin }) => {
      pin.update(tables.root)
      reserve.reserve(usedBytes(tables))
      return tables.root.transactionSync(() => action(tables))
    })
  }

  /** Throws UNAVAILABLE when the environment was closed. */
  assertOpen(): void {
    if (this.#closed) throw closedError()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#discard()
    closeSync(this.#data)
  }

  #run<T>(action: (open: OpenEnvironment) => T): T {
    this.assertOpen()
    this.#open ??= openEnvironment(this.#options, this.#data)
    try {
      return action(this.#open)
    } catch (error) {
      if (!isStorageError(error)) throw error
      this.#discard()
      throw storeError(error, this.#options.directory)
    }
  }

  /** Closes the environment; the next use opens it again. */
  #discard(): void {
    if (this.#open !== null) closeAll(this.#open)
    this.#open = null
  }
}

/** Opens an environment. `data`: descriptor of the data file that must be at the path; null: it may be a new file. */
function openEnvironment(options: LmdbEnvironmentOptions, data: number | null): OpenEnvironment {
  return translated(options.directory, () => {
    assertSame(options, data)
    if (data !== null) assertDismissed(options.directory)
    checkDataFile(options.directory)
    const tables = openTables(options)
    const pin = new ReaderPin(options.directory)
    const reserve = closeOnError(
      () => closeTables(tables),
      () => new DiskReserve(options.directory),
    )
    // The path may have changed while lmdb opened it.
    closeOnError(
      () => closeAll({ tables, reserve, pin }),
      () => assertSame(options, data),
    )
    return { tables, reserve, pin }
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

function closeAll({ tables, reserve, pin }: OpenEnvironment): void {
  pin.release()
  closeTables(tables)
  reserve.close()
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

/** An error of lmdb or of the system: `code` is lmdb's or the system's number, or the system's name for it. */
interface StorageError extends Error {
  readonly code: number | string
}

/**
 * Whether lmdb or the system failed. Errors without a code, or with a code of Node's own (`ERR_…`), concern only the
 * call.
 */
export function isStorageError(error: unknown): error is StorageError {
  if (!(error instanceof Error) || error instanceof DatabaseError || !('code' in error)) return false
  return typeof error.code === 'number' || 'syscall' in error
}

function storeError(error: StorageError, directory: string): DatabaseError {
  if (FULL_CODES.has(error.code) || (error.code === IO_ERROR && isFull(directory))) {
    const full = 'There is no room left where the data lies: free some, then try again.'
    return retryableError('STORAGE_FULL', full, error)
  }
  const message = `The disk failed (${error.message}): look at the machine's storage, then try the same again.`
  return retryableError('UNAVAILABLE', message, error)
}

function isFull(directory: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(directory)
    return bavail * bsize < FULL_BELOW_BYTES
  } catch {
    return false
  }
}
