import { statfsSync } from 'node:fs'
import { DatabaseError } from '../../core/error.ts'
import { checkDataFile } from './data-file.ts'
import { Room } from './room.ts'
import { closeTables, openTables, usedBytes, type Tables, type TablesOptions } from './tables.ts'

/** How long a caller should wait before it tries again after the disk failed or is full. */
const RETRY_AFTER_MS = 1_000

/** With less room than this an input/output error means a full disk: lmdb says EIO when a write came out short. */
const FULL_BELOW_BYTES = 16 * 2 ** 20

/** EIO (errno). */
const IO_ERROR = 5

/** Codes of lmdb (lmdb.h) and of the system (errno) for "no room": MDB_MAP_FULL, ENOSPC, EDQUOT. */
const FULL: ReadonlySet<unknown> = new Set([-30792, 28, 122, 'ENOSPC', 'EDQUOT'])

/** What is open together. */
interface Open {
  readonly tables: Tables
  readonly room: Room
}

/**
 * An lmdb environment that heals itself. A failed write may leave lmdb in a state that refuses everything from then on
 * (MDB_PANIC), so the environment is closed and opened again: what was acknowledged is on disk, the rest never happened.
 */
export class Environment {
  readonly #options: TablesOptions
  #open: Open | null
  #closed = false

  /** Opens the environment. Throws UNAVAILABLE or STORAGE_FULL. */
  constructor(options: TablesOptions) {
    this.#options = options
    this.#open = opened(options)
  }

  /** Runs a read: all of it sees one state, as nothing else runs meanwhile. Throws UNAVAILABLE. */
  read<T>(action: (tables: Tables) => T): T {
    return this.#guarded(({ tables }) => action(tables))
  }

  /** Runs a transaction and flushes it: all or nothing, durable on return. Throws UNAVAILABLE or STORAGE_FULL. */
  write<T>(action: (tables: Tables) => T): T {
    return this.#guarded(({ tables, room }) => {
      room.ensure(usedBytes(tables))
      return tables.root.transactionSync(() => action(tables))
    })
  }

  /** Throws UNAVAILABLE when the environment was closed. */
  assertOpen(): void {
    if (this.#closed) throw new DatabaseError('UNAVAILABLE', 'The store is closed.', { retryAfterMs: RETRY_AFTER_MS })
  }

  close(): void {
    this.#closed = true
    this.#discard()
  }

  #guarded<T>(action: (open: Open) => T): T {
    this.assertOpen()
    this.#open ??= opened(this.#options)
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
    if (this.#open === null) return
    closeTables(this.#open.tables)
    this.#open.room.close()
    this.#open = null
  }
}

function opened(options: TablesOptions): Open {
  try {
    checkDataFile(options.directory)
    const tables = openTables(options)
    return { tables, room: roomOf(options.directory, tables) }
  } catch (error) {
    throw isStorageError(error) ? storeError(error, options.directory) : error
  }
}

function roomOf(directory: string, tables: Tables): Room {
  try {
    return new Room(directory)
  } catch (error) {
    closeTables(tables)
    throw error
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
