import { createRequire } from 'node:module'
import { DatabaseError } from '../../../../core/error.ts'
import { systemCode } from '../system-error.ts'

/**
 * The native part of fs-native-extensions: `fcntl(F_OFD_SETLK)` on Linux, `flock` on macOS, `LockFileEx` on Windows.
 */
interface Binding {
  /** Length 0: the whole file. Throws the system's error, with its name as `code`. */
  tryLock(file: number, offset: number, length: number, exclusive: boolean): void
}

/** Error codes of a lock that is held elsewhere; the last one is of Windows. */
const HELD_CODES: ReadonlySet<unknown> = new Set(['EAGAIN', 'EACCES', 'EBUSY'])

/**
 * Takes a kernel lock on an open file; false when another descriptor, also one of this process, has a lock that
 * excludes it: `exclusive` every other lock, `shared` an exclusive one. The kernel releases the lock when the
 * descriptor is closed, and so whenever the process ends. Throws the system's error when the file system has no locks,
 * and UNAVAILABLE when the platform has no binding.
 */
export function tryLock(file: number, mode: 'exclusive' | 'shared' = 'exclusive'): boolean {
  const nativeLock = binding()
  try {
    nativeLock.tryLock(file, 0, 0, mode === 'exclusive')
    return true
  } catch (error) {
    if (HELD_CODES.has(systemCode(error))) return false
    throw error
  }
}

let loaded: Binding | null = null

/** Loads by path: on Alpine the package's own loader looks for musl binaries, which it lacks; these work there too. */
function binding(): Binding {
  const platform = `${process.platform}-${process.arch}`
  try {
    loaded ??= createRequire(import.meta.url)(
      `fs-native-extensions/prebuilds/${platform}/fs-native-extensions.node`,
    ) as Binding
    return loaded
  } catch (error) {
    const message =
      `No file can be locked on this platform (${platform}), so that no data directory is safe: ` +
      'run npm ci again, or use Linux, macOS or Windows on x64 or arm64.'
    throw new DatabaseError('UNAVAILABLE', message, { cause: error })
  }
}
