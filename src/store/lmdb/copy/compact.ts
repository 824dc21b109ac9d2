import { mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { claimDirectory, COMPACT_FOLDER, existingDirectory } from '../files/directory.ts'
import { flushDirectory } from '../files/flush-directory.ts'
import { lockOutReaders } from '../files/lock/readers-lock.ts'
import { keepMode, PRIVATE_DIRECTORY } from '../files/private-mode.ts'
import { noteDataFile } from './copied-file.ts'
import { copyError } from './copy-error.ts'
import { copyTables, type CopyOptions } from './copy-tables.ts'
import { readOwned, repeatLeftJournal, unfinishedPurgesIn } from './reader.ts'

export type CompactOptions = Pick<CopyOptions, 'onProgress' | 'signal'>

/** The result of a compaction. */
export interface CompactReport {
  /** The real path of the directory. */
  readonly directory: string
  readonly bytesBefore: number
  readonly bytesAfter: number
  /** Documents that were purged, but whose content is not all erased. */
  readonly unfinishedPurges: number
}

/**
 * Rewrites the data file without its free pages, and so without the bytes of what was removed. It needs room for the
 * copy beside it. The process owns the directory meanwhile, and nothing reads it. Whenever the process ends, the old
 * file or the new one is there, whole. Rejects with BAD_REQUEST, UNAVAILABLE, STORAGE_FULL, and with the signal's
 * reason.
 */
export async function compactData(path: string, options: CompactOptions = {}): Promise<CompactReport> {
  const existing = existingDirectory(path)
  await repeatLeftJournal(existing)
  const claim = claimDirectory(existing)
  try {
    using _ = lockOutReaders(claim.directory)
    return await compactOwned(claim.directory, options)
  } catch (error) {
    throw copyError(`The data directory ${claim.directory}`, error)
  } finally {
    claim.release()
  }
}

async function compactOwned(directory: string, options: CompactOptions): Promise<CompactReport> {
  const data = join(directory, 'data.mdb')
  const folder = join(directory, COMPACT_FOLDER)
  const bytesBefore = statSync(data).size
  try {
    mkdirSync(folder, PRIVATE_DIRECTORY)
    const { bytesAfter, unfinishedPurges } = await readOwned(directory, options, async (reader) => {
      const { bytes } = await copyTables(reader, folder, { ...options, asBackup: false })
      return { bytesAfter: bytes, unfinishedPurges: unfinishedPurgesIn(reader) }
    })
    keepMode(data, join(folder, 'data.mdb'))
    renameSync(join(folder, 'data.mdb'), data)
    flushDirectory(directory)
    noteDataFile(directory)
    return { directory, bytesBefore, bytesAfter, unfinishedPurges }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
