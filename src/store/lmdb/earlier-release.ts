import { closeSync, mkdirSync, openSync, readFileSync, rmSync, rmdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { tryLock } from './file-lock.ts'
import { inUse } from './lock.ts'
import { livingProcess } from './process-note.ts'

/**
 * Releases that locked the directory with a file `lock` know nothing of the kernel's lock, and may run beside this one, as
 * in a rolling update. Each refuses the other while it is there.
 */
const NAME = 'lock'

/** Throws UNAVAILABLE while any process has the data open: lmdb holds a lock of the kernel on its table of readers as long. */
export function assertNobodyReads(directory: string): void {
  const file = openReaders(directory)
  if (file === null) return
  try {
    if (!tryLock(file)) throw inUse(directory, 'another process has its data open, perhaps an earlier release')
  } finally {
    closeSync(file)
  }
}

function openReaders(directory: string): number | null {
  try {
    return openSync(join(directory, 'lock.mdb'), 'r+')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null
    throw error
  }
}

/**
 * Keeps an earlier release out: where `lock` is a directory it can neither make its file, nor take one for left behind.
 * Throws UNAVAILABLE while the process that the file names lives, as far as that is seen from here.
 */
export function barEarlierReleases(directory: string): void {
  const path = join(directory, NAME)
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return
  removeStale(path, directory)
  try {
    mkdirSync(path)
  } catch (error) {
    if (hasCode(error, 'EEXIST')) throw inUse(directory, 'a process of an earlier release has just begun to use it')
    throw error
  }
}

function removeStale(path: string, directory: string): void {
  const note = contentOf(path)
  if (note === null) return
  const pid = livingProcess(note)
  if (pid !== null) throw inUse(directory, `the process ${pid} of an earlier release is using it`)
  rmSync(path, { force: true })
}

export function admitEarlierReleases(directory: string): void {
  try {
    rmdirSync(join(directory, NAME))
  } catch {
    // Then they go on being refused, until a server has run and stopped.
  }
}

function contentOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null
    throw error
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
