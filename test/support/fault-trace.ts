import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { startStore, type StoreChild } from './store-child.ts'

const hasStrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0

/** Why system calls cannot be watched here, or null when they can. */
export const noTrace: string | null = hasStrace ? null : 'strace is not installed, or may not be used'

/** A store in a process whose calls on files strace writes down in `file`. */
export async function startTracedStore(directory: string, file: string): Promise<StoreChild> {
  return startStore(directory, ['strace', '-f', '-o', file, '-e', 'trace=openat,pwrite64,pwritev,writev,fdatasync,msync'])
}

/** What a traced store did to its data file, in order: `w` pages were written, `f` flushed, `r` the root was written and flushed. */
export async function dataFileCalls(file: string): Promise<string> {
  const descriptors = new Map<string, 'data' | 'flushing'>()
  const calls = (await readFile(file, 'utf8')).split('\n').map((line) => {
    const [, name = '', first = ''] = /^\d+ +(\w+)\(([^,)]+)/.exec(line) ?? []
    if (name === 'openat') noteOpened(descriptors, line)
    const kind = descriptors.get(first)
    if (kind === undefined || name === 'openat') return ''
    if (name === 'fdatasync') return 'f'
    return kind === 'flushing' ? 'r' : 'w'
  })
  return calls.join('')
}

function noteOpened(descriptors: Map<string, 'data' | 'flushing'>, line: string): void {
  const [, path = '', flags = '', descriptor = ''] = /"([^"]*)", ([A-Z_|]+).* = (\d+)$/.exec(line) ?? []
  if (!path.endsWith('/data.mdb')) descriptors.delete(descriptor)
  else descriptors.set(descriptor, flags.includes('O_DSYNC') ? 'flushing' : 'data')
}
