import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { badArgument } from '../../../core/error.ts'
import { copyFormat } from '../files/directory.ts'
import { flushDirectory } from '../files/flush-directory.ts'
import { keepMode, PRIVATE_DIRECTORY } from '../files/private-mode.ts'
import { ifExists, systemCode } from '../files/system-error.ts'
import { copyError } from './copy-error.ts'
import { copyTables, type CopyOptions } from './copy-tables.ts'
import { readData, tenantRows, type DataReader } from './reader.ts'

export type BackupOptions = Pick<CopyOptions, 'onProgress' | 'signal'>

/** The contents of a backup. */
export interface BackupReport {
  /** The real path of the backup. */
  readonly directory: string
  readonly tenants: number
  readonly commits: number
  readonly bytes: number
}

/**
 * Copies the data of `directory`, beside a server or without one, to the directory `target`, which must be empty or not
 * exist: all that was acknowledged before the call, as of one moment. It gets its name when it is complete and on disk;
 * before, it is `<target>.part-…` beside it, and when the promise rejects, nothing is left. A server that opens it
 * later gives each tenant a new epoch. Rejects with BAD_REQUEST, UNAVAILABLE, STORAGE_FULL, and with the signal's
 * reason.
 */
export async function backupData(
  directory: string,
  target: string,
  options: BackupOptions = {},
): Promise<BackupReport> {
  const path = freeTarget(target)
  try {
    return await readData(directory, { ...options, rawKeys: true }, (reader) => {
      assertOutside(path, reader.directory)
      return writeBackup(reader, path, options)
    })
  } catch (error) {
    throw copyError(`The backup ${path}`, error)
  }
}

async function writeBackup(reader: DataReader, path: string, options: BackupOptions): Promise<BackupReport> {
  const temporary = `${path}.part-${randomBytes(4).toString('hex')}`
  try {
    mkdirSync(temporary, PRIVATE_DIRECTORY)
    const { bytes } = await copyTables(reader, temporary, { ...options, asBackup: true })
    // After the rows were read: the format rises before the rows that need it.
    copyFormat(reader.directory, temporary)
    flushDirectory(temporary)
    const tenants = tenantRows(reader)
    const commits = tenants.reduce((sum, { last }) => sum + last, 0)
    reader.assertReadable()
    keepMode(path, temporary)
    renameSync(temporary, path)
    flushDirectory(dirname(path))
    return { directory: path, tenants: tenants.length, commits, bytes }
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true })
    throw error
  }
}

/** The real path of the backup. Throws BAD_REQUEST when there is something already, or no directory above it. */
function freeTarget(target: string): string {
  const parent = dirname(resolve(target))
  const above = ifExists(() => realpathSync(parent), ['ENOTDIR'])
  if (above === null) throw badArgument('directory', `There is no directory ${parent} to put the backup into: make it.`)
  const path = join(above, basename(resolve(target)))
  if (!isFree(path)) {
    throw badArgument('directory', `There is something in ${path} already: give a directory that is new, or empty.`)
  }
  return path
}

/** Throws BAD_REQUEST when the backup would lie in the data directory. */
function assertOutside(path: string, directory: string): void {
  if (!path.startsWith(directory.endsWith(sep) ? directory : directory + sep)) return
  const message = `The backup ${path} would lie in the data directory ${directory}: give a directory outside of it.`
  throw badArgument('directory', message)
}

function isFree(path: string): boolean {
  try {
    return readdirSync(path).length === 0
  } catch (error) {
    return systemCode(error) === 'ENOENT'
  }
}
