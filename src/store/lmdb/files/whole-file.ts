import { closeSync, fsyncSync, openSync, renameSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { flushDirectory } from './flush-directory.ts'
import { PRIVATE_FILE } from './private-mode.ts'

/**
 * Writes a file atomically and durably: it gets its name only when it is complete and on disk, and is `<name>.new`
 * before. A new one is for this user alone, one that it replaces keeps its mode. Throws the system's error.
 */
export function writeWhole(path: string, text: string): void {
  const temporary = `${path}.new`
  const { mode = PRIVATE_FILE } = statSync(path, { throwIfNoEntry: false }) ?? {}
  const file = openSync(temporary, 'w', mode)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(temporary, path)
  flushDirectory(dirname(path))
}
