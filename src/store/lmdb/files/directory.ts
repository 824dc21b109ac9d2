import {
  closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync, writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseError } from '../../../core/error.ts'
import { admitEarlierReleases, barEarlierReleases } from './earlier-release.ts'
import { flushDirectory } from './flush-directory.ts'
import { DirectoryLock } from './lock.ts'

/** Number of the layout that tables.ts and rows.ts describe. Greater ones are of newer releases. */
export const FORMAT = 1

/** A directory that this process may use, and nobody else until `release`. */
export interface DirectoryClaim {
  /** Its real path. */
  readonly directory: string
  /** Flushes the names of the files in it. Throws UNAVAILABLE. */
  flush(): void
  /** Whether its path still leads to it. Throws the system's error when that cannot be told. */
  isInPlace(): boolean
  /** To be called when nothing in the directory is open any more. A second call does nothing. */
  release(): void
}

/**
 * Makes the directory if need be, locks it, proves that it can be written and marks its format. lmdb does none of this, and
 * waits for ever on some paths that it cannot use. Throws UNAVAILABLE or STORAGE_FULL, each case with its own sentence.
 */
export function claimDirectory(path: string): DirectoryClaim {
  return explained(path, () => claim(path))
}

function explained<T>(path: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw error instanceof DatabaseError ? error : directoryError(path, error)
  }
}

function claim(path: string): DirectoryClaim {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) throw notADirectory(path)
  makeDirectory(path)
  const directory = realpathSync(path)
  // The first file is written below, by the lock.
  checkedFormat(directory)
  const lock = new DirectoryLock(directory)
  const release = releaseOf(lock, directory)
  try {
    prepare(directory)
  } catch (error) {
    release()
    throw error
  }
  return { directory, flush: () => explained(directory, () => flushDirectory(directory)), isInPlace: () => lock.isInPlace(), release }
}

/** Gives the directory free once: afterwards it may be another one's. */
function releaseOf(lock: DirectoryLock, directory: string): () => void {
  let held = true
  return () => {
    if (!held) return
    held = false
    if (isInPlace(lock)) admitEarlierReleases(directory)
    lock.release()
  }
}

/** What is at the path of a directory that was moved may have another owner. */
function isInPlace(lock: DirectoryLock): boolean {
  try {
    return lock.isInPlace()
  } catch {
    return false
  }
}

/** Work that needs the lock. */
function prepare(directory: string): void {
  const format = checkedFormat(directory)
  barEarlierReleases(directory)
  probe(directory)
  if (format === null) writeFormat(directory)
}

/**
 * By hand: the recursive form of Node 20 spins for ever below /proc, and hides why a read-only file system refuses.
 * Flushes also the name of a directory that is there: an earlier start may have ended before it did.
 */
function makeDirectory(path: string): void {
  const parent = dirname(path)
  if (!existsSync(path)) {
    if (parent !== path) makeDirectory(parent)
    makeOne(path)
  }
  flushDirectory(parent)
}

/** Two processes may start at the same moment. */
function makeOne(path: string): void {
  try {
    mkdirSync(path)
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error
  }
}

/** As much as a new data file takes: some file systems take a file and then no content. */
const PROBE_BYTES = 65_536

function probe(directory: string): void {
  const file = join(directory, 'probe')
  try {
    writeFileSync(file, Buffer.alloc(PROBE_BYTES))
  } finally {
    rmSync(file, { force: true })
  }
}

/** The format that the directory has, null when it has none yet. Throws UNAVAILABLE when it is not this release's. */
function checkedFormat(directory: string): number | null {
  const format = readFormat(directory)
  if (format !== null && format !== FORMAT) throw otherFormat(directory, format)
  return format
}

function readFormat(directory: string): number | null {
  try {
    return Number(readFileSync(join(directory, 'format'), 'utf8'))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

/** In place only when it is complete and on disk. */
function writeFormat(directory: string): void {
  const fresh = join(directory, 'format.new')
  const file = openSync(fresh, 'w')
  try {
    writeSync(file, `${FORMAT}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(fresh, join(directory, 'format'))
  flushDirectory(directory)
}

function notADirectory(path: string): DatabaseError {
  return new DatabaseError('UNAVAILABLE', `The data directory ${path} is a file, or lies below one: choose a directory.`)
}

function otherFormat(path: string, format: number): DatabaseError {
  const newer = `is of the newer format ${format}; this release reads up to ${FORMAT}`
  const what = Number.isNaN(format) ? 'has an unreadable mark of its format' : newer
  const remedy = 'start the release that wrote it, or choose another directory.'
  return new DatabaseError('UNAVAILABLE', `The data directory ${path} ${what}: ${remedy}`)
}

function directoryError(path: string, error: unknown): DatabaseError {
  const code = codeOf(error)
  if (code === 'ENOTDIR' || code === 'EEXIST') return notADirectory(path)
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const full = `There is no room left for the data directory ${path}: free some, then start again.`
    return new DatabaseError('STORAGE_FULL', full, {}, error)
  }
  const remedy = 'give this user the right to write there, or choose another directory.'
  const message = `The data directory ${path} cannot be written (${code}): ${remedy}`
  return new DatabaseError('UNAVAILABLE', message, {}, error)
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
