import { closeSync, constants, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { DatabaseError } from '../../../../core/error.ts'
import { tryLock } from './file-lock.ts'
import { ifExists } from '../system-error.ts'

/**
 * The file on which each process that reads the data beside its owner, as a backup does, holds a shared lock, and a
 * compaction an exclusive one: it puts another data file in place. Empty, and never removed.
 */
const READERS_FILE = 'readers'

/** A look for readers takes the lock for an instant: so often a reader tries again, and so long apart. */
const TRIES = 20
const RETRY_MS = 10

/** Marks this process as a reader of the directory, until the result is disposed of. Rejects with UNAVAILABLE. */
export async function lockAsReader(directory: string): Promise<Disposable> {
  const file = openReadersFile(directory)
  for (let tries = 1; !tryLock(file, 'shared'); tries++) {
    if (tries === TRIES) {
      closeSync(file)
      throw readersError(`The data directory ${directory} is being compacted: try again when that has ended.`)
    }
    await after(RETRY_MS)
  }
  return { [Symbol.dispose]: () => closeSync(file) }
}

/** Keeps readers away from the directory, until the result is disposed of. Throws UNAVAILABLE while there are some. */
export function lockOutReaders(directory: string): Disposable {
  const file = openReadersFile(directory)
  if (tryLock(file)) return { [Symbol.dispose]: () => closeSync(file) }
  closeSync(file)
  throw readersError(
    `The data directory ${directory} is being read, by a backup or a verification: try again when that has ended.`,
  )
}

/** Whether a process of this release reads the data beside its owner. Throws the system's error. */
export function hasReaders(directory: string): boolean {
  const file = ifExists(() => openSync(join(directory, READERS_FILE), 'r+'))
  if (file === null) return false
  try {
    return !tryLock(file)
  } finally {
    closeSync(file)
  }
}

function openReadersFile(directory: string): number {
  return openSync(join(directory, READERS_FILE), constants.O_RDWR | constants.O_CREAT, 0o666)
}

function readersError(message: string): DatabaseError {
  return new DatabaseError('UNAVAILABLE', message)
}
