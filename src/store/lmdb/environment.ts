import { closeSync, openSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseError } from '../../core/error.ts'
import { checkDataFile } from './files/data-file.ts'
import { isAt } from './files/inode.ts'
import { DiskReserve } from './files/disk-reserve.ts'
import { closeTables, openTables, usedBytes, type LmdbTables, type TablesOptions } from './tables.ts'

/** How long a caller should wait before it tries again after the disk failed or is full. */
const RETRY_AFTER_MS = 1_000

/** With less room than this an input/output error means a full disk: lmdb says EIO when a write came out short. */
const FULL_BELOW_BYTES = 16 * 2 ** 20

const DATA_FILE = 'data.mdb'

/** EIO (errno). */
const IO_ERROR = 5

/** Codes of lmdb (lmdb.h) and of the system (errno) for "no room": MDB_MAP_FULL, ENOSPC, EDQUOT. */
const FULL: ReadonlySet<unknown> = new Set([-30792, 28, 122, 'ENOSPC', 'EDQUOT'])

export interface LmdbEnvironmentOptions extends TablesOptions {
  /** Whether the path of the directory still leads to the one that this process owns. Throws the system's error. */
  readonly isInPlace: () => boolean
}

/** What is open together. */
interface OpenEnvironment {
  readonly tables: LmdbTables
  readonly room: DiskReserve
}

/**
 * An lmdb environment that heals itself. A failed write may leave lmdb in a state that refuses everything from then on
 * (MDB_PANIC), so the environment is closed and opened again: what was acknowledged is on disk, the rest never happened.
 * lmdb opens by path, so that until the same directory and data file are there every use is refused.
 */
export class LmdbEnvironment {
  readonly #options: LmdbEnvironmentOptions
  /** Held so that no other file can get its inode. */
  readonly #data: number
  #open: OpenEnvironment | null
  #closed = false

  /** Opens the environment. Throws UNAVAILABLE or STORAGE_FULL. */
  constructor(options: LmdbEnvironmentOptions) {
    this.#options = options
    this.#open = opened(options, null)
    this.#data = heldData(options.directory, this.#open)
  }

  /** Runs a read: all of it sees one state, as nothing else runs meanwhile. Throws UNAVAILABLE. */
  read<T>(action: (tables: LmdbTables) => T): T {
    return this.#guarded(({ tables }) => action(tables))
  }

  /** Runs a transaction and flushes it: all or nothing, durable on return. Throws UNAVAILABLE or STORAGE_FULL. */
  write<T>(action: (tables: LmdbTables) => T): T {
    return this.#guarded(({ tables, room }) => {
      room.reserve(usedBytes(tables))
      return tables.root.transactionSync(() => action(tables))
    })
  }

  /** Throws UNAVAILABLE when the environment was closed. */
  assertOpen(): void {
    if (this.#closed) throw new DatabaseError('UNAVAILABLE', 'The store is closed.', { retryAfterMs: RETRY_AFTER_MS })
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#discard()
    closeSync(this.#data)
  }

  #guarded<T>(action: (open: OpenEnvironment) => T): T {
    this.assertOpen()
    this.#open ??= opened(this.#options, this.#data)
    try {
      return action(this.#open)
    } catch (error) {
      if (!isStorageError(error)) throw error
      this.#discard()
      throw storeError(error, this.#options.directory)
    }
  }

  /** The next use opens it again. */
  #discard(): void {
    if (this.#open !== null) closeAll(this.#open)
    this.#open = null
  }
}

/** `data` is the data file that it must be, null when it may be a new one. */
function opened(options: LmdbEnvironmentOptions, data: number | null): OpenEnvironment {
  return explained(options.directory, () => {
    assertSame(options, data)
    checkDataFile(options.directory)
    const tables = openTables(options)
    const room = orClosed(() => closeTables(tables), () => new DiskReserve(options.directory))
    // What is at the path may have changed since.
    orClosed(() => closeAll({ tables, room }), () => assertSame(options, data))
    return { tables, room }
  })
}

/** Throws UNAVAILABLE, or the system's error. */
function assertSame({ directory, isInPlace }: LmdbEnvironmentOptions, data: number | null): void {
  if (!isInPlace()) throw replaced(`directory ${directory}`)
  const path = join(directory, DATA_FILE)
  if (data !== null && !isAt(path, data)) throw replaced(`file ${path}`)
}

function replaced(what: string): DatabaseError {
  const message = `The data ${what} was moved, removed or replaced while the server ran: put it back, or restart the server.`
  return new DatabaseError('UNAVAILABLE', message, { retryAfterMs: RETRY_AFTER_MS })
}

function heldData(directory: string, open: OpenEnvironment): number {
  return explained(directory, () => orClosed(() => closeAll(open), () => openSync(join(directory, DATA_FILE), 'r')))
}

function closeAll({ tables, room }: OpenEnvironment): void {
  closeTables(tables)
  room.close()
}

/** Closes what was opened before when the next step fails. */
function orClosed<T>(close: () => void, step: () => T): T {
  try {
    return step()
  } catch (error) {
    close()
    throw error
  }
}

function explained<T>(directory: string, action: () => T): T {
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

/** Whether the store failed. What has no code, or a code of Node's own (`ERR_…`), is about what was to be done, and stays what it is. */
export function isStorageError(error: unknown): error is StorageError {
  if (!(error instanceof Error) || error instanceof DatabaseError || !('code' in error)) return false
  return typeof error.code === 'number' || 'syscall' in error
}

function storeError(error: StorageError, directory: string): DatabaseError {
  const details = { retryAfterMs: RETRY_AFTER_MS }
  if (FULL.has(error.code) || (error.code === IO_ERROR && isFull(directory))) {
    return new DatabaseError('STORAGE_FULL', 'There is no room left where the data lies: free some, then try again.', details, error)
  }
  const message = `The disk failed (${error.message}): look at the machine's storage, then try the same again.`
  return new DatabaseError('UNAVAILABLE', message, details, error)
}

function isFull(directory: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(directory)
    return bavail * bsize < FULL_BELOW_BYTES
  } catch {
    return false
  }
}
