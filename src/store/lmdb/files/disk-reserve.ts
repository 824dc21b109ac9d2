import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { retryableError, type DatabaseError } from '../../../core/error.ts'
import { PRIVATE_FILE } from './private-mode.ts'

/** Bytes by which the data file is kept larger than its used part: as many as are used, within these bounds. */
const PREALLOCATE_BYTES = { least: 256 * 1_024, most: 4 * 1_048_576 } as const

const ZEROS = Buffer.alloc(1_048_576)

/**
 * Preallocates the data file, and test-writes to the disk before each transaction, so that a full or failed disk shows
 * here: lmdb 3.5.6 overflows a buffer of its own (mdb_page_flush, `last_error`) when it fails to write a page. Flushes
 * are faster too, as the file size does not change. Only ever writes beyond the end of the file.
 */
export class DiskReserve {
  readonly #data: number
  readonly #probe: number
  #size: number

  /** Opens the data file, which must exist. This and all methods throw the system's error. */
  constructor(directory: string) {
    this.#data = openSync(join(directory, 'data.mdb'), 'r+')
    this.#size = fstatSync(this.#data).size
    try {
      this.#probe = openSync(join(directory, 'probe'), 'w', PRIVATE_FILE)
    } catch (error) {
      closeSync(this.#data)
      throw error
    }
  }

  /** Ensures that the data file has space for a transaction behind its `usedBytes`. Called before each transaction. */
  reserve(usedBytes: number): void {
    this.assertNotRemoved()
    writeSync(this.#probe, ZEROS, 0, 1, 0)
    this.ensure(usedBytes, 0)
  }

  /** Ensures that the data file has space for `needed` bytes behind its `usedBytes`. */
  ensure(usedBytes: number, needed: number): void {
    const ahead = Math.min(Math.max(usedBytes, PREALLOCATE_BYTES.least), PREALLOCATE_BYTES.most)
    const least = usedBytes + Math.max(ahead / 2, needed)
    if (this.#size >= least) return
    try {
      this.#extend(usedBytes + Math.max(ahead, needed))
    } catch {
      // Rather a smaller step than a refusal.
      this.#extend(least)
    }
  }

  /** Throws UNAVAILABLE when the data file was removed. */
  assertNotRemoved(): void {
    if (fstatSync(this.#data).nlink === 0) throw removedError()
  }

  close(): void {
    closeSync(this.#data)
    closeSync(this.#probe)
  }

  #extend(size: number): void {
    // A large transaction may have made the file longer than `#size`.
    const start = fstatSync(this.#data).size
    try {
      for (let at = start; at < size;) at += writeSync(this.#data, ZEROS, 0, Math.min(ZEROS.length, size - at), at)
    } catch (error) {
      ftruncateSync(this.#data, start)
      throw error
    }
    this.#size = Math.max(start, size)
  }
}

/** Writes to a removed file are lost when the process ends, so they must not be acknowledged. */
function removedError(): DatabaseError {
  const message =
    'The data file was removed while the server ran: nothing is written any more. Stop the server and ' +
    'put the data back.'
  return retryableError('UNAVAILABLE', message)
}
