import { statfsSync } from 'node:fs'
import { DatabaseError, retryableError } from '../../../core/error.ts'

/** With less free space than this EIO means a full disk: lmdb reports EIO after a short write. */
const FULL_BELOW_BYTES = 16 * 2 ** 20

/** EIO (errno). */
const IO_ERROR = 5

/** Codes for a full disk, of lmdb (lmdb.h) and of the system (errno): MDB_MAP_FULL, ENOSPC, EDQUOT. */
const FULL_CODES: ReadonlySet<unknown> = new Set([-30792, 28, 122, 'ENOSPC', 'EDQUOT'])

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

/** Errors after which what was refused may be there when the data is opened next. */
const UNCERTAIN = new WeakSet<object>()

/** Marks an error of a write that may be done after all. */
export function markUncertain(error: unknown): void {
  if (error instanceof Error) UNCERTAIN.add(error)
}

/**
 * UNAVAILABLE or STORAGE_FULL for an error of lmdb or of the system in a directory; with `outcome` UNKNOWN where it is
 * marked as uncertain.
 */
export function storeError(error: StorageError, directory: string): DatabaseError {
  const refusal = certainError(error, directory)
  if (!UNCERTAIN.has(error)) return refusal
  const { code, message, details, cause } = refusal
  return new DatabaseError(code, message, { ...details, outcome: 'UNKNOWN', cause })
}

function certainError(error: StorageError, directory: string): DatabaseError {
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
