import { createRequire } from 'node:module'
import { DatabaseError } from '../../../core/error.ts'

/** The native part of fs-native-extensions: `fcntl(F_OFD_SETLK)` on Linux, `flock` on macOS, `LockFileEx` on Windows. */
interface Binding {
  /** Length 0 is the whole file. Throws the system's error, whose `code` is its name. */
  tryLock(file: number, offset: number, length: number, exclusive: boolean): void
}

/** The codes that say that somebody else holds the lock; the last one is of Windows. */
const HELD: ReadonlySet<unknown> = new Set(['EAGAIN', 'EACCES', 'EBUSY'])

/**
 * Asks the kernel for an exclusive lock on an open file; false when the file is locked through another `open`, of this
 * process too. The kernel releases the lock when the descriptor is closed, and so when the process ends, however it does.
 * Throws the system's error where the file system has no locks, and UNAVAILABLE where the platform has no binding.
 */
export function tryLock(file: number): boolean {
  const native = binding()
  try {
    native.tryLock(file, 0, 0, true)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && HELD.has(error.code)) return false
    throw error
  }
}

/** By path: the package's own loader looks on Alpine for binaries of musl, which it does not have, though these suit both. */
function binding(): Binding {
  const platform = `${process.platform}-${process.arch}`
  try {
    return createRequire(import.meta.url)(`fs-native-extensions/prebuilds/${platform}/fs-native-extensions.node`) as Binding
  } catch (error) {
    const message = `No file can be locked on this platform (${platform}), so that no data directory is safe: `
      + 'run npm ci again, or use Linux, macOS or Windows on x64 or arm64.'
    throw new DatabaseError('UNAVAILABLE', message, {}, error)
  }
}
