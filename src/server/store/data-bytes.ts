import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../config/config.ts'

/** Bytes of the files of the embedded store; null for another store, or when they cannot be read. */
export async function dataBytes({
  directory,
  mongodb,
  memory,
}: Pick<Config, 'directory' | 'mongodb' | 'memory'>): Promise<number | null> {
  if (mongodb !== undefined || memory === true) return null
  try {
    const files = await readdir(directory)
    const sizes = await Promise.all(files.map(async (file) => (await stat(join(directory, file))).size))
    return sizes.reduce((sum, size) => sum + size, 0)
  } catch {
    return null
  }
}
