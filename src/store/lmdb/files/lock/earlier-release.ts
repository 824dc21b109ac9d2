import { closeSync, mkdirSync, openSync, readFileSync, rmSync, rmdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { tryLock } from './file-lock.ts'
import { directoryInUse } from './directory-lock.ts'
import { PRIVATE_DIRECTORY } from '../private-mode.ts'
import { ifExists, systemCode } from '../system-error.ts'
import { aliveProcess } from './process-note.ts'
import { hasReaders } from './readers-lock.ts'

/**
 * Earlier releases lock the directory with this file and do not see the kernel's lock. In a rolling update both may run
 * at once: each refuses to start while the other runs.
 */
const LOCK_FILE = 'lock'

/**
 * Locks out earlier releases: where `lock` is a directory, they can neither create their file nor treat it as stale.
 * Throws UNAVAILABLE while an earlier release uses the data directory, as far as this process can see.
 */
export function lockOutEarlierReleases(directory: string): void {
  const path = join(directory, LOCK_FILE)
  // First, so that no earlier release starts during the checks below.
  if (statSync(path, { throwIfNoEntry: false }) === undefined) makeLockDirectory(directory)
  // Null where it is a directory.
  const note = ifExists(() => readFileSync(path, 'utf8'), ['EISDIR'])
  assertOwnerDead(note, directory)
  assertNoReaders(directory)
  if (note === null) return
  rmSync(path, { force: true })
  makeLockDirectory(directory)
}

function makeLockDirectory(directory: string): void {
  try {
    mkdirSync(join(directory, LOCK_FILE), PRIVATE_DIRECTORY)
  } catch (error) {
    if (systemCode(error) === 'EEXIST') {
      throw directoryInUse(directory, 'a process of an earlier release has just begun to use it')
    }
    throw error
  }
}

function assertOwnerDead(note: string | null, directory: string): void {
  const pid = note === null ? null : aliveProcess(note)
  if (pid !== null) throw directoryInUse(directory, `the process ${pid} of an earlier release is using it`)
}

/** Throws UNAVAILABLE while any process has the data open: lmdb then holds a kernel lock on its reader table. */
function assertNoReaders(directory: string): void {
  const file = ifExists(() => openSync(join(directory, 'lock.mdb'), 'r+'))
  if (file === null) return
  try {
    if (!tryLock(file)) throw directoryInUse(directory, 'another process has its data open, perhaps an earlier release')
  } finally {
    closeSync(file)
  }
}

/** Does nothing while a process reads the data: earlier releases would write the pages anew that it reads. */
export function allowEarlierReleases(directory: string): void {
  try {
    if (hasReaders(directory)) return
    rmdirSync(join(directory, LOCK_FILE))
  } catch {
    // Earlier releases stay locked out until a later server stops successfully.
  }
}
