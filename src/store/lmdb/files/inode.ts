import { fstatSync, statSync, type BigIntStats } from 'node:fs'
import { ifExists } from './system-error.ts'

/** Device and inode of an open file: unique while the file is open. */
export function inodeOf(file: number): string {
  return inodeText(fstatSync(file, { bigint: true }))
}

/** Whether the path names the open file. Throws the system's error for other reasons than a missing path. */
export function isAt(path: string, file: number): boolean {
  const found = ifExists(() => statSync(path, { bigint: true }), ['ENOTDIR'])
  return found !== null && inodeText(found) === inodeOf(file)
}

/**
 * Inode and time of birth of the file at the path, which no copy of it shares; null when there is none. The device is
 * left out: its number may change when the machine starts.
 */
export function birthOf(path: string): string | null {
  const found = ifExists(() => statSync(path, { bigint: true }))
  return found === null ? null : `${found.ino} ${found.birthtimeNs}`
}

function inodeText({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`
}
