import { closeSync, mkdirSync, openSync, rmSync, rmdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { tryLock } from './file-lock.ts'
import { inUse } from './lock.ts'

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
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

/** Keeps an earlier release out: where `lock` is a directory it can neither make its file, nor take one for left behind. */
export function barEarlierReleases(directory: string): void {
  const path = join(directory, NAME)
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return
  rmSync(path, { force: true })
  mkdirSync(path)
}

export function admitEarlierReleases(directory: string): void {
  try {
    rmdirSync(join(directory, NAME))
  } catch {
    // Then they go on being refused, until a server has run and stopped.
  }
}
