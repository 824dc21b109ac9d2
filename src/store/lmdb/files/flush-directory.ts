import { closeSync, fsyncSync, openSync } from 'node:fs'
import { systemCode } from './system-error.ts'

/**
 * Error codes of a directory that cannot be opened or flushed: Windows, some file systems, read-only or unreadable
 * ones.
 */
const UNSUPPORTED_CODES: ReadonlySet<unknown> = new Set([
  'EISDIR',
  'EPERM',
  'EACCES',
  'EROFS',
  'EINVAL',
  'ENOTSUP',
  'EBADF',
])

/**
 * Flushes a directory's entries: without it a crash may lose the name of a new file although its content is flushed
 * (fsync(2)). Does nothing where directories cannot be flushed. Throws the system's error when the disk fails.
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
    if (UNSUPPORTED_CODES.has(systemCode(error))) return
    throw error
  }
}
