import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A small file system in memory of its own. */
export interface Mount extends Disposable {
  readonly path: string
  /** Makes it read-only. */
  freeze(): void
}

/** Mounts one of `sizeKiB`. Throws where this process may not mount. */
export function mountTmpfs(sizeKiB: number): Mount {
  const path = mkdtempSync(join(tmpdir(), 'tidemark-mount-'))
  const mount = (...options: readonly string[]): void => {
    const { status, stderr, error } = spawnSync('mount', ['-t', 'tmpfs', '-o', options.join(','), 'tmpfs', path], {
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`mount failed: ${error?.message ?? stderr}`)
  }
  try {
    mount(`size=${sizeKiB}k`)
  } catch (error) {
    rmSync(path, { recursive: true })
    throw error
  }
  return {
    path,
    freeze: () => mount('remount', 'ro'),
    [Symbol.dispose]: () => {
      spawnSync('umount', ['-l', path])
      rmSync(path, { recursive: true, force: true })
    },
  }
}

/** Why nothing can be mounted here, or null when it can. */
export const noMount: string | null = mountFault()

function mountFault(): string | null {
  try {
    mountTmpfs(64)[Symbol.dispose]()
    return null
  } catch (error) {
    return `this process may not mount a tmpfs (${error instanceof Error ? error.message.trim() : String(error)})`
  }
}
