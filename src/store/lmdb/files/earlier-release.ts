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

/**
 * Keeps an earlier release out: where `lock` is a directory it can neither make its file, nor take one for left behind.
 * Throws UNAVAILABLE while one has this directory, as far as that is seen from here.
 */
export function barEarlierReleases(directory: string): void {
  const path = join(directory, NAME)
  // First, so that none starts meanwhile, and finds the table of readers locked.
  if (statSync(path, { throwIfNoEntry: false }) === undefined) makeBar(directory)
  const note = contentOf(path)
  assertNobodyNamed(note, directory)
  assertNobodyReads(directory)
  if (note === null) return
  rmSync(path, { force: true })
  makeBar(directory)
}

function makeBar(directory: string): void {
  try {
    mkdirSync(join(directory, NAME))
  } catch (error) {
    if (hasCode(error, 'EEXIST')) throw inUse(directory, 'a process of an earlier release has just begun to use it')
    throw error
  }
}

function assertNobodyNamed(note: string | null, directory: string): void {
  const pid = note === null ? null : livingProcess(note)
  if (pid !== null) throw inUse(directory, `the process ${pid} of an earlier release is using it`)
}

/** Throws UNAVAILABLE while any process has the data open: lmdb holds a lock of the kernel on its table of readers as long. */
function assertNobodyReads(directory: string): void {
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

export function admitEarlierReleases(directory: string): void {
  try {
    rmdirSync(join(directory, NAME))
  } catch {
    // Then they go on being refused, until a server has run and stopped.
  }
}

/** Null where there is no file, or a directory. */
function contentOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'EISDIR')) return null
    throw error
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
