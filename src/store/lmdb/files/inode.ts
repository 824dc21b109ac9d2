import { fstatSync, statSync, type BigIntStats } from 'node:fs'

/** Device and inode of an open file: unique while the file is open. */
export function inodeOf(file: number): string {
  return inodeText(fstatSync(file, { bigint: true }))
}

/** Whether the path names the open file. Throws the system's error for other reasons than a missing path. */
export function isAt(path: string, file: number): boolean {
  try {
    return inodeText(statSync(path, { bigint: true })) === inodeOf(file)
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return false
    throw error
  }
}

function inodeText({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`
}
