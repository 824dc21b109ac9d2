import { hostname } from 'node:os'
import { setTimeout as after } from 'node:timers/promises'
import { DatabaseError } from '../core/error.ts'
import type { BackupReport } from '../store/lmdb/copy/backup.ts'
import type { CompactReport } from '../store/lmdb/copy/compact.ts'
import type { VerifyReport } from '../store/lmdb/verify/verify.ts'
import { ownerOf, type DirectoryOwner } from '../store/lmdb/files/lock/directory-lock.ts'
import { StartError, type Config } from './config/config.ts'

/** Which data is meant. */
type DataLocation = Pick<Config, 'directory' | 'mongodb'>

export interface UpkeepOptions {
  /** Called now and then with how much was done, and about how much there is. */
  readonly onProgress?: ((done: number, of: number) => void) | undefined
  /** Ends the work, and leaves everything as it was. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Writes a backup of the data to a directory that is empty or does not exist, beside a server or without one. Rejects
 * with StartError for a MongoDB, with DatabaseError, and with the signal's reason; so do the others here.
 */
export async function backupStore(
  location: DataLocation,
  target: string,
  options: UpkeepOptions = {},
): Promise<BackupReport> {
  assertEmbedded(location, 'back it up with mongodump (mongodump --uri=… --oplog), and bring it back with mongorestore')
  const { backupData } = await import('../store/lmdb/copy/backup.ts')
  return backupData(location.directory, target, options)
}

/** Rewrites the data without its free pages, while no server has it. */
export async function compactStore(location: DataLocation, options: UpkeepOptions = {}): Promise<CompactReport> {
  assertEmbedded(
    location,
    'give its free space back with the command compact of mongosh (db.runCommand({ compact: … }))',
  )
  const { compactData } = await import('../store/lmdb/copy/compact.ts')
  return compactData(location.directory, options)
}

/** Checks every law of the store over all of the data, beside a server or without one. */
export async function verifyStore(location: DataLocation, options: UpkeepOptions = {}): Promise<VerifyReport> {
  assertEmbedded(location, 'check it with the command validate of mongosh (db.<collection>.validate({ full: true }))')
  const { verifyData } = await import('../store/lmdb/verify/verify.ts')
  return verifyData(location.directory, options)
}

/** The server that has the data directory at the moment; null: none. Throws the system's error. */
export function dataOwner(directory: string): DirectoryOwner | null {
  return ownerOf(directory)
}

/** The longest wait for a server that was asked to stop, ms: longer than its own bound. */
const STOP_MS = 15_000
const LOOK_MS = 50

/**
 * Stops the server that has the data, as SIGTERM does, and resolves with its process when it is gone; null: there is
 * none. Rejects with UNAVAILABLE when it runs on another machine, may not be stopped, or does not end in time;
 * with the reason of `signal` when that is aborted.
 */
export async function stopOwner(location: DataLocation, signal?: AbortSignal): Promise<number | null> {
  assertEmbedded(location, 'stop its servers where they run')
  const { directory } = location
  const owner = ownerOf(directory)
  if (owner === null) return null
  const { pid, host } = owner
  const refuse = (why: string): DatabaseError =>
    new DatabaseError('UNAVAILABLE', `The process ${pid} on host ${host} has the data in ${directory}: ${why}.`)
  if (host !== hostname()) throw refuse('stop it there')
  try {
    process.kill(pid, 'SIGTERM')
  } catch {
    throw refuse('this user may not stop it')
  }
  const deadline = performance.now() + STOP_MS
  while (ownerOf(directory)?.pid === pid) {
    if (performance.now() > deadline) throw refuse(`it did not stop within ${STOP_MS / 1_000} seconds`)
    await after(LOOK_MS, undefined, { signal })
  }
  return pid
}

function assertEmbedded({ mongodb }: DataLocation, remedy: string): void {
  if (mongodb !== undefined) throw new StartError(`The data lies in a MongoDB: ${remedy}.`)
}
