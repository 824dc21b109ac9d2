import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { flushDirectory } from './flush-directory.ts'

/**
 * Writes a file atomically and durably: it gets its name only when it is complete and on disk, and is `<name>.new`
 * before. Throws the system's error.
 */
export function writeWhole(path: string, text: string): void {
  const temporary = `${path}.new`
  const file = openSync(temporary, 'w')
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(temporary, path)
  flushDirectory(dirname(path))
}
