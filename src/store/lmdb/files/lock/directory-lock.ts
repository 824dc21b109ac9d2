import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseError } from '../../../../core/error.ts'
import { tryLock } from './file-lock.ts'
import { inodeOf, isAt } from '../inode.ts'
import { PRIVATE_FILE } from '../private-mode.ts'
import { ifExists, systemCode } from '../system-error.ts'

/**
 * The lock file. Never removed: a process that has the removed file open could lock it beside the owner of a new one.
 */
const OWNER_FILE = 'owner'

/** Content of the lock file, for people, messages and `ownerOf`; the kernel decides who has the lock. */
const NOTE =
  `the process ${process.pid} is using it, started ${new Date(performance.timeOrigin).toISOString()} on ` +
  `host ${hostname()}`

/** Device and inode of the lock files that this process holds. */
const LOCKED_INODES = new Set<string>()

/** Exclusive ownership of a directory by a kernel lock on a file in it (docs/adr/0007-the-kernel-holds-the-lock.md). */
export class DirectoryLock {
  readonly #path: string
  readonly #file: number

  /** Takes the lock. Throws UNAVAILABLE while another process, or this one, holds it, and the system's errors. */
  constructor(directory: string) {
    const path = join(directory, OWNER_FILE)
    const file = openSync(path, constants.O_RDWR | constants.O_CREAT, PRIVATE_FILE)
    try {
      if (!tryLockFile(file, directory)) {
        throw directoryInUse(
          directory,
          LOCKED_INODES.has(inodeOf(file)) ? 'this process has it open already' : noteIn(path),
        )
      }
      writeNote(file, `${NOTE}\n`)
    } catch (error) {
      closeSync(file)
      throw error
    }
    this.#path = path
    this.#file = file
    LOCKED_INODES.add(inodeOf(file))
  }

  /**
   * Whether the locked file is still at its path; if not, the path names another directory. Throws the system's error.
   */
  isInPlace(): boolean {
    return isAt(this.#path, this.#file)
  }

  /** Releases the lock. Must be called at most once. */
  release(): void {
    LOCKED_INODES.delete(inodeOf(this.#file))
    try {
      ftruncateSync(this.#file)
    } catch {
      // On a failing disk the note stays; closing the file below releases the lock.
    }
    closeSync(this.#file)
  }
}

/** Whether a process, of this release, owns the directory. Throws the system's error. */
export function isOwned(directory: string): boolean {
  const file = ifExists(() => openSync(join(directory, OWNER_FILE), 'r+'))
  if (file === null) return false
  try {
    return !tryLock(file)
  } finally {
    closeSync(file)
  }
}

/** A process that owns a directory. */
export interface DirectoryOwner {
  readonly pid: number
  readonly host: string
}

/** The process that owns the directory; null when none does, or it has not yet said which it is. */
export function ownerOf(directory: string): DirectoryOwner | null {
  if (!isOwned(directory)) return null
  const note = /^the process (\d+) is using it, .* on host (.*)$/.exec(noteIn(join(directory, OWNER_FILE)))
  return note === null ? null : { pid: Number(note[1]), host: note[2] ?? '' }
}

/** UNAVAILABLE: the directory is locked. `holder` is a clause that names the process, if it is known. */
export function directoryInUse(directory: string, holder: string): DatabaseError {
  return new DatabaseError(
    'UNAVAILABLE',
    `The data directory ${directory} is in use: ${holder}. Stop that one, or choose another directory.`,
    { isInUse: true },
  )
}

function tryLockFile(file: number, directory: string): boolean {
  try {
    return tryLock(file)
  } catch (error) {
    if (error instanceof DatabaseError) throw error
    const code = systemCode(error) ?? error
    const message =
      `The data directory ${directory} cannot be locked (${String(code)}): ` + 'choose one on a disk of this machine.'
    throw new DatabaseError('UNAVAILABLE', message, { cause: error })
  }
}

function writeNote(file: number, note: string): void {
  ftruncateSync(file)
  writeSync(file, note, 0)
}

/** The owner's note; a default when it is missing, as the owner writes it only after it has the lock. */
function noteIn(path: string): string {
  const unknown = 'another process is using it'
  try {
    return readFileSync(path, 'utf8').split('\n')[0] || unknown
  } catch {
    return unknown
  }
}
