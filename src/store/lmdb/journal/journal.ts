import { randomInt } from 'node:crypto'
import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { flushDirectory } from '../files/flush-directory.ts'
import { keepMode, PRIVATE_FILE } from '../files/private-mode.ts'
import { markUncertain } from '../files/storage-error.ts'
import { ifExists } from '../files/system-error.ts'
import { encodeRecord, HEADER_BYTES, readRecords, type JournalContent, type JournaledCommit } from './record.ts'

/** Bytes of the file. It has them from the start, so that no flush has to write its size. */
export const JOURNAL_BYTES = 262_144

/** Ends the records. */
const NO_RECORD = Buffer.alloc(HEADER_BYTES)

const GENERATIONS = 2 ** 32

/**
 * The commits that are acknowledged, but in lmdb only in a transaction that is not committed yet: a file of fixed size,
 * written from its start after each commit of lmdb (docs/adr/0012-a-journal-in-front-of-lmdb.md). Methods throw the
 * system's error.
 */
export class Journal {
  readonly #file: number
  #generation: number
  /** Where the next record goes. */
  #position: number
  /** Whether the disk has an end of the records at `#position`. */
  #isEnded = false
  /** The records that the file held when it was opened: some of their commits may be missing in lmdb. */
  readonly found: readonly JournaledCommit[]

  /**
   * Opens the file; creates it where it does not exist, for the users that may read the data. `end`: `end` of the
   * journal before, as this process had it open already; what lies behind was refused.
   */
  constructor(directory: string, end: number = JOURNAL_BYTES) {
    this.#file = openFile(directory)
    try {
      const { generation, commits, end: read } = readRecords(this.#extend(directory).subarray(0, end))
      this.found = commits
      this.#generation = generation ?? randomInt(GENERATIONS)
      this.#position = read
    } catch (error) {
      closeSync(this.#file)
      throw error
    }
  }

  /** Where the records end, in bytes. */
  get end(): number {
    return this.#position
  }

  /**
   * Appends the commits of a batch, durable on return; false, and nothing is written, where they do not fit. When it
   * throws, they are not in the file, or the error is uncertain (storage-error.ts).
   */
  append(commits: readonly JournaledCommit[]): boolean {
    const record = encodeRecord(this.#generation, commits)
    if (this.#position + record.length > JOURNAL_BYTES || fstatSync(this.#file).nlink === 0) return false
    this.#isEnded = false
    try {
      writeAll(this.#file, record, this.#position)
      fdatasyncSync(this.#file)
    } catch (error) {
      this.#undo(error)
      throw error
    }
    this.#isEnded = true
    this.#position += record.length
    return true
  }

  /**
   * Makes an end of the records, durable on return: a record that was refused may lie behind them, as far as its bytes
   * came to the disk. To be called before lmdb commits anything else than what the records have.
   */
  endRecords(): void {
    if (this.#isEnded) return
    writeAll(this.#file, NO_RECORD.subarray(0, JOURNAL_BYTES - this.#position), this.#position)
    fdatasyncSync(this.#file)
    this.#isEnded = true
  }

  /** Marks the error of an append as uncertain where the record may be read later. */
  #undo(error: unknown): void {
    try {
      this.endRecords()
    } catch {
      markUncertain(error)
    }
  }

  /** Forgets all records, as lmdb has them: the next one is written over the first. */
  restart(): void {
    this.#generation = (this.#generation + 1) % GENERATIONS
    this.#position = 0
  }

  close(): void {
    closeSync(this.#file)
  }

  /** The content of the file, which has its full size then, and its name on disk. */
  #extend(directory: string): Buffer {
    const content = Buffer.alloc(JOURNAL_BYTES)
    let size = 0
    for (let read = -1; read !== 0; size += read) read = readSync(this.#file, content, size, JOURNAL_BYTES - size, size)
    if (size < JOURNAL_BYTES) {
      writeAll(this.#file, content.subarray(size), size)
      fdatasyncSync(this.#file)
      flushDirectory(directory)
    }
    return content
  }
}

/** Opens the file; a new one has the mode of the data file. */
function openFile(directory: string): number {
  const path = journalPath(directory)
  const isNew = statSync(path, { throwIfNoEntry: false }) === undefined
  const file = openSync(path, constants.O_RDWR | constants.O_CREAT, PRIVATE_FILE)
  if (isNew) keepMode(join(directory, 'data.mdb'), path)
  return file
}

function writeAll(file: number, bytes: Buffer, position: number): void {
  for (let written = 0; written < bytes.length;) {
    written += writeSync(file, bytes, written, bytes.length - written, position + written)
  }
}

function journalPath(directory: string): string {
  return join(directory, 'journal')
}

/** Removes the journal of data that was closed: lmdb has all that it held. */
export function removeJournal(directory: string): void {
  rmSync(journalPath(directory), { force: true })
}

/** The records in the journal of a directory that another process may own. Throws the system's error. */
export function readJournal(directory: string): JournalContent {
  const bytes = ifExists(() => readFileSync(journalPath(directory)))
  return readRecords(bytes ?? Buffer.alloc(0))
}
