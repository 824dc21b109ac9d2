import { closeSync, fsyncSync, openSync } from 'node:fs'

/** Codes of a directory that cannot be opened or flushed: on Windows and some file systems, read-only, or entered but not read. */
const IMPOSSIBLE: ReadonlySet<unknown> = new Set(['EISDIR', 'EPERM', 'EACCES', 'EROFS', 'EINVAL', 'ENOTSUP', 'EBADF'])

/**
 * Flushes the names that are in a directory: the content of a new file that is flushed is lost with its name (fsync(2)).
 * Does nothing where directories cannot be flushed. Throws the system's error when the disk fails.
 */
export function flushDirectory(directory: string): void {
  try {
    const file = openSync(directory, 'r')
    try {
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && IMPOSSIBLE.has(error.code)) return
    throw error
  }
}
