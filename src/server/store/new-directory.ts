import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makeDirectory } from '../../store/lmdb/files/directory.ts'
import { PRIVATE_DIRECTORY, PRIVATE_FILE } from '../../store/lmdb/files/private-mode.ts'

/** In a data directory that the server made and has not filled yet; its content does not matter. */
const MARK = 'unseeded'

/**
 * Makes a data directory that does not exist, with the mark in it: both appear at once, so that a kill at any moment
 * leaves either no directory or one that is known to be new. Where it cannot be made, opening the store says why.
 */
export function makeNewDirectory(directory: string): void {
  if (existsSync(directory)) return
  const unnamed = `${directory}.${randomUUID()}`
  try {
    makeDirectory(dirname(directory))
    mkdirSync(unnamed, PRIVATE_DIRECTORY)
    writeFileSync(join(unnamed, MARK), '', { mode: PRIVATE_FILE })
    renameSync(unnamed, directory)
  } catch {
    rmSync(unnamed, { recursive: true, force: true })
  }
}

/** Whether the server made the directory, and has not filled it yet. */
export function isNewDirectory(directory: string): boolean {
  return existsSync(join(directory, MARK))
}

/** Ends that the directory counts as new. Throws the system's error. */
export function keepDirectory(directory: string): void {
  rmSync(join(directory, MARK), { force: true })
}
