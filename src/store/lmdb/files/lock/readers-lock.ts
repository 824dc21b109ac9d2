import { randomUUID } from 'node:crypto'
import { closeSync, constants, fchmodSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { retryableError, type DatabaseError } from '../../../../core/error.ts'
import { PRIVATE_FILE, sharedModeIn } from '../private-mode.ts'
import { systemCode } from '../system-error.ts'
import { tryLock } from './file-lock.ts'

/**
 * The file on which each process that reads the data beside its owner, as a backup does, holds a shared lock, and a
 * compaction an exclusive one: it puts another data file in place. It is never removed. Its content changes when
 * readers must end, because the owner opens the data anew and no longer knows which pages they read.
 */
const READERS_FILE = 'readers'

/** A look for readers takes the lock for an instant: so often a reader tries again, and so long apart. */
const TRIES = 50
const RETRY_MS = 5

/** Time that readers have to end when the owner opens the data anew. A reader looks every few milliseconds. */
const DISMISS_MS = 1_000

/** Codes of a file that this user may not write. */
const DENIED_CODES: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM'])

/** The mark of a reader. */
export interface ReaderLock extends Disposable {
  /** Whether the owner has opened the data anew, so that what is read from now on may be wrong. */
  isDismissed(): boolean
}

/** Marks this process as a reader of the directory, until the result is disposed of. Rejects with UNAVAILABLE. */
export async function lockAsReader(directory: string): Promise<ReaderLock> {
  const path = join(directory, READERS_FILE)
  const file = openReadersFile(directory)
  for (let tries = 1; !tryLock(file, 'shared'); tries++) {
    if (tries === TRIES) {
      closeSync(file)
      throw busy(`The data directory ${directory} is being compacted: try again when that has ended.`)
    }
    await after(RETRY_MS)
  }
  const content = readFileSync(path, 'utf8')
  return { isDismissed: () => readFileSync(path, 'utf8') !== content, [Symbol.dispose]: () => closeSync(file) }
}

/** Keeps readers away from the directory, until the result is disposed of. Throws UNAVAILABLE while there are some. */
export function lockOutReaders(directory: string): Disposable {
  const file = openReadersFile(directory)
  if (tryLock(file)) return { [Symbol.dispose]: () => closeSync(file) }
  closeSync(file)
  throw busy(
    `The data directory ${directory} is being read, by a backup or a verification: try again when that has ended.`,
  )
}

/**
 * Whether a process reads the data beside its owner; true also where this user may not find out. Throws the system's
 * error. Called before each write.
 */
export function hasReaders(directory: string): boolean {
  const path = join(directory, READERS_FILE)
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return false
  try {
    const file = openSync(path, 'r+')
    try {
      return !tryLock(file)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    if (DENIED_CODES.has(systemCode(error))) return true
    throw error
  }
}

/** Makes all readers end, and waits for that for a second at most. Rejects with the system's error. */
export async function dismissReaders(directory: string): Promise<void> {
  const end = performance.now() + DISMISS_MS
  while (!tryDismiss(directory) && performance.now() < end) await after(RETRY_MS)
}

/** Makes all readers end; whether there are none left. Throws UNAVAILABLE, or the system's error. */
export function tryDismiss(directory: string): boolean {
  if (!hasReaders(directory)) return true
  const path = join(directory, READERS_FILE)
  try {
    writeFileSync(path, randomUUID())
  } catch (error) {
    if (!DENIED_CODES.has(systemCode(error))) throw error
    throw busy(
      `The file ${path} cannot be written: give this user the right to do so, or remove it while nothing reads.`,
    )
  }
  return false
}

/**
 * Opens the file, and makes it when it is not there: for every user of the directory, as a backup may be another's than
 * the server.
 */
function openReadersFile(directory: string): number {
  const path = join(directory, READERS_FILE)
  const isNew = statSync(path, { throwIfNoEntry: false }) === undefined
  const file = openSync(path, constants.O_RDWR | constants.O_CREAT, PRIVATE_FILE)
  if (isNew) fchmodSync(file, sharedModeIn(directory))
  return file
}

function busy(message: string): DatabaseError {
  return retryableError('UNAVAILABLE', message)
}
