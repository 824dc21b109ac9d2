import type { BackupReport } from '../store/lmdb/copy/backup.ts'
import type { CompactReport } from '../store/lmdb/copy/compact.ts'
import type { VerifyReport } from '../store/lmdb/verify/verify.ts'
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

function assertEmbedded({ mongodb }: DataLocation, remedy: string): void {
  if (mongodb !== undefined) throw new StartError(`The data lies in a MongoDB: ${remedy}.`)
}
