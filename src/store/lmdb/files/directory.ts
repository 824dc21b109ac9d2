import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { badArgument, DatabaseError } from '../../../core/error.ts'
import { allowEarlierReleases, lockOutEarlierReleases } from './lock/earlier-release.ts'
import { flushDirectory } from './flush-directory.ts'
import { writeWhole } from './whole-file.ts'
import { DirectoryLock } from './lock/directory-lock.ts'
import { PRIVATE_DIRECTORY, PRIVATE_FILE } from './private-mode.ts'
import { ifExists, systemCode } from './system-error.ts'

/** Version of the layout that tables.ts and rows.ts describe. Newer releases have greater numbers. */
const FORMAT = 2

/**
 * A directory without a purge and without a floor is of this version, so that releases before them read it, too. With
 * the first of them its version rises: these releases would show what was purged, and count its versions anew.
 */
const PLAIN_FORMAT = 1

/**
 * Where a compaction writes, in the data directory: what an interrupted one left there is removed at the next claim.
 */
export const COMPACT_FOLDER = 'compact.new'

/** Exclusive ownership of a directory, until `release`. */
export interface DirectoryClaim {
  /** Its real path. */
  readonly directory: string
  /** Flushes the directory's entries (the names of its files). Throws UNAVAILABLE. */
  flush(): void
  /** Whether the path still names this directory. Throws the system's error. */
  isInPlace(): boolean
  /** Records that releases before purges and floors must not read the data; durable at once. Throws as `flush`. */
  raiseFormat(): void
  /** Must be called after all files of the directory were closed. A second call does nothing. */
  release(): void
}

/**
 * Creates the directory if need be, locks it, checks that it can be written, and records its format. lmdb does none of
 * this, and hangs on some paths that it cannot use. Throws UNAVAILABLE or STORAGE_FULL, with a message for each case.
 */
export function claimDirectory(path: string): DirectoryClaim {
  return translated(path, () => claim(path))
}

/**
 * The real path of a directory with data in it. Throws BAD_REQUEST when there is none, and UNAVAILABLE for another
 * format.
 */
export function existingDirectory(path: string): string {
  return translated(path, () => {
    const directory = ifExists(() => realpathSync(path))
    const data = directory === null ? null : ifExists(() => statSync(join(directory, 'data.mdb')))
    if (directory === null || data === null || data.size === 0) {
      throw badArgument('data', `There is no data in ${path}: say with --data where it lies.`)
    }
    checkFormat(directory)
    return directory
  })
}

function translated<T>(path: string, action: () => T): T {
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
  // Before the lock, which writes the first file: a directory of another format stays untouched.
  checkFormat(directory)
  const lock = new DirectoryLock(directory)
  const release = releaser(lock, directory)
  try {
    prepare(directory)
  } catch (error) {
    release()
    throw error
  }
  return {
    directory,
    flush: () => translated(directory, () => flushDirectory(directory)),
    isInPlace: () => lock.isInPlace(),
    raiseFormat: formatRaiser(directory),
    release,
  }
}

/** Records FORMAT once. */
function formatRaiser(directory: string): () => void {
  let isRaised = false
  return () => {
    if (isRaised) return
    translated(directory, () => {
      if (checkFormat(directory) !== FORMAT) writeFormat(directory, FORMAT)
    })
    isRaised = true
  }
}

/** Releases the directory once: after that another process may own it. */
function releaser(lock: DirectoryLock, directory: string): () => void {
  let isHeld = true
  return () => {
    if (!isHeld) return
    isHeld = false
    if (isInPlace(lock)) allowEarlierReleases(directory)
    lock.release()
  }
}

/** Whether the path still names the locked directory: if it was moved, the one at the path may have another owner. */
function isInPlace(lock: DirectoryLock): boolean {
  try {
    return lock.isInPlace()
  } catch {
    return false
  }
}

/** The steps of a claim that need the lock. */
function prepare(directory: string): void {
  const format = checkFormat(directory)
  lockOutEarlierReleases(directory)
  probe(directory)
  rmSync(join(directory, COMPACT_FOLDER), { recursive: true, force: true })
  if (format === null) writeFormat(directory, PLAIN_FORMAT)
}

/**
 * Makes a directory, by default for this user alone, with its parents, which have the mode that is usual here. Not
 * `mkdir` with `recursive`: in Node 20 it never returns below /proc, and hides the error of a read-only file system.
 * Flushes the names of existing directories too: an earlier start may have ended before it did.
 */
export function makeDirectory(path: string, mode: number = PRIVATE_DIRECTORY): void {
  const parent = dirname(path)
  if (!existsSync(path)) {
    if (parent !== path) makeDirectory(parent, 0o777)
    makeDirectoryOnce(path, mode)
  }
  flushDirectory(parent)
}

/** Ignores that the directory exists: two processes may start at the same moment. */
function makeDirectoryOnce(path: string, mode: number): void {
  try {
    mkdirSync(path, mode)
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error
  }
}

/** Size of a new data file: some file systems let a file be created and then refuse content. */
const PROBE_BYTES = 65_536

/**
 * Writes as much as a new data file has, and removes it: lmdb ends the process when it cannot. Throws the system's
 * error.
 */
export function probe(directory: string): void {
  const file = join(directory, 'probe')
  // One that is there may be another user's, who read the data of a server that was killed.
  rmSync(file, { force: true })
  try {
    writeFileSync(file, Buffer.alloc(PROBE_BYTES), { mode: PRIVATE_FILE })
  } finally {
    rmSync(file, { force: true })
  }
}

/** The format of the directory; null when it has none yet. Throws UNAVAILABLE for one that this release cannot read. */
function checkFormat(directory: string): number | null {
  const format = readFormat(directory)
  if (format !== null && format !== PLAIN_FORMAT && format !== FORMAT) throw otherFormat(directory, format)
  return format
}

function readFormat(directory: string): number | null {
  const text = ifExists(() => readFileSync(join(directory, 'format'), 'utf8'))
  return text === null ? null : Number(text)
}

/** Records the format of a directory. Throws the system's error. */
function writeFormat(directory: string, format: number): void {
  writeWhole(join(directory, 'format'), `${format}\n`)
}

/** Records for a copy of the data of `source` the format that it has. Throws the system's error. */
export function copyFormat(source: string, target: string): void {
  writeFormat(target, checkFormat(source) ?? PLAIN_FORMAT)
}

function notADirectory(path: string): DatabaseError {
  return new DatabaseError(
    'UNAVAILABLE',
    `The data directory ${path} is a file, or lies below one: choose a directory.`,
  )
}

function otherFormat(path: string, format: number): DatabaseError {
  const known =
    format > FORMAT ? `newer format ${format}; this release reads up to ${FORMAT}` : `older format ${format}`
  const what = Number.isNaN(format) ? 'has an unreadable mark of its format' : `is of the ${known}`
  const remedy = 'start the release that wrote it, or choose another directory.'
  return new DatabaseError('UNAVAILABLE', `The data directory ${path} ${what}: ${remedy}`)
}

function directoryError(path: string, error: unknown): DatabaseError {
  const code = systemCode(error)
  if (code === 'ENOTDIR' || code === 'EEXIST') return notADirectory(path)
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const full = `There is no room left for the data directory ${path}: free some, then start again.`
    return new DatabaseError('STORAGE_FULL', full, { cause: error })
  }
  const remedy = 'give this user the right to write there, or choose another directory.'
  const message = `The data directory ${path} cannot be written (${String(code ?? error)}): ${remedy}`
  return new DatabaseError('UNAVAILABLE', message, { cause: error })
}
