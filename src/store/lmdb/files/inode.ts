import { fstatSync, statSync, type BigIntStats } from 'node:fs'

/** Device and inode of an open file: no other file has the same while it is open. */
export function inodeOf(file: number): string {
  return named(fstatSync(file, { bigint: true }))
}

/** Whether the path leads to that open file. Throws the system's error when that cannot be told. */
export function isAt(path: string, file: number): boolean {
  try {
    return named(statSync(path, { bigint: true })) === inodeOf(file)
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return false
    throw error
  }
}

function named({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`
}
