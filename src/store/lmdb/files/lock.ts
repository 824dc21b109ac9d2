import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseError } from '../../../core/error.ts'
import { tryLock } from './file-lock.ts'
import { inodeOf, isAt } from './inode.ts'

/** Never removed: a process that had opened the removed file could lock it beside the owner of its successor. */
const NAME = 'owner'

/** For people, and for the sentence of a refusal; nothing depends on it, as another process may have the same. */
const NOTE = `the process ${process.pid} is using it, started ${new Date(performance.timeOrigin).toISOString()} on host ${hostname()}`

/** Device and inode of the files that this process has locked. */
const OWN = new Set<string>()

/** Lets one process own a directory: a lock of the kernel on a file in it (docs/adr/0007-the-kernel-holds-the-lock.md). */
export class DirectoryLock {
  readonly #path: string
  readonly #file: number

  /** Takes the lock. Throws UNAVAILABLE while another process, or this one, holds it, and the system's errors. */
  constructor(directory: string) {
    const path = join(directory, NAME)
    const file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o666)
    try {
      if (!locked(file, directory)) throw inUse(directory, OWN.has(inodeOf(file)) ? 'this process has it open already' : noteIn(path))
      writeNote(file, `${NOTE}\n`)
    } catch (error) {
      closeSync(file)
      throw error
    }
    this.#path = path
    this.#file = file
    OWN.add(inodeOf(file))
  }

  /** Whether the locked file is where it was: else the path of the directory leads to another one. Throws the system's error. */
  isInPlace(): boolean {
    return isAt(this.#path, this.#file)
  }

  /** Gives the directory free. To be called once. */
  release(): void {
    OWN.delete(inodeOf(this.#file))
    try {
      ftruncateSync(this.#file)
    } catch {
      // On a disk that fails the note stays; what counts is given back below.
    }
    closeSync(this.#file)
  }
}

/** The refusal of a start; `holder` is a sentence that names the process, where it is known. */
export function inUse(directory: string, holder: string): DatabaseError {
  return new DatabaseError('UNAVAILABLE', `The data directory ${directory} is in use: ${holder}. Stop that one, or choose another directory.`)
}

function locked(file: number, directory: string): boolean {
  try {
    return tryLock(file)
  } catch (error) {
    if (error instanceof DatabaseError) throw error
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    const message = `The data directory ${directory} cannot be locked (${code}): choose one on a disk of this machine.`
    throw new DatabaseError('UNAVAILABLE', message, {}, error)
  }
}

function writeNote(file: number, note: string): void {
  ftruncateSync(file)
  writeSync(file, note, 0)
}

/** It may be missing: the owner writes it after it has the lock. */
function noteIn(path: string): string {
  const unknown = 'another process is using it'
  try {
    return readFileSync(path, 'utf8').split('\n')[0] || unknown
  } catch {
    return unknown
  }
}
