import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseError } from '../../../core/error.ts'

/** How far the data file is made ahead of its use: as far as it is used, within these bounds. */
const AHEAD_BYTES = { least: 256 * 1_024, most: 4 * 1_048_576 } as const

const ZEROS = Buffer.alloc(1_048_576)

/**
 * Keeps the data file ahead of what lmdb uses of it, and tries the disk before each transaction, so that a full or failed
 * disk is met here: lmdb 3.5.6 writes past a buffer of its own (mdb_page_flush, `last_error`) when it fails to write a page.
 * It is faster too, as a flush then has no new size of the file to write. Nothing is ever written but beyond the file's end.
 */
export class DiskReserve {
  readonly #data: number
  readonly #probe: number
  #size: number

  /** Opens the data file, which must exist. Throws the system's error, as all methods do. */
  constructor(directory: string) {
    this.#data = openSync(join(directory, 'data.mdb'), 'r+')
    this.#size = fstatSync(this.#data).size
    try {
      this.#probe = openSync(join(directory, 'probe'), 'w')
    } catch (error) {
      closeSync(this.#data)
      throw error
    }
  }

  /** Makes sure that a transaction finds room behind the `usedBytes` of the data file. */
  reserve(usedBytes: number): void {
    if (fstatSync(this.#data).nlink === 0) throw removed()
    writeSync(this.#probe, ZEROS, 0, 1, 0)
    const ahead = Math.min(Math.max(usedBytes, AHEAD_BYTES.least), AHEAD_BYTES.most)
    if (this.#size - usedBytes < ahead / 2) this.#extend(usedBytes + ahead)
  }

  close(): void {
    closeSync(this.#data)
    closeSync(this.#probe)
  }

  #extend(size: number): void {
    // A large transaction may have made the file longer than was known here.
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

/** What is written to a file without a name is gone when the process ends: it must not be acknowledged. */
function removed(): DatabaseError {
  const message = 'The data file was removed while the server ran: nothing is written any more. Stop the server and put the data back.'
  return new DatabaseError('UNAVAILABLE', message, { retryAfterMs: 1_000 })
}
