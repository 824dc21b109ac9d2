import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { startStore, type StoreChild } from './child.ts'

const hasStrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0

/** Why system calls cannot be watched here, or null when they can. */
export const noTrace: string | null = hasStrace ? null : 'strace is not installed, or may not be used'

/** A store in a process whose calls on files strace writes down in `file`. */
export async function startTracedStore(directory: string, file: string): Promise<StoreChild> {
  return startStore(directory, [
    'strace',
    '-f',
    '-o',
    file,
    '-e',
    'trace=openat,pwrite64,pwritev,writev,fdatasync,msync',
  ])
}

/**
 * What a traced store did to its files, in order: `j` a record was written to the journal, `d` the journal was flushed;
 * `w` pages of the data file were written, `f` flushed, `r` its root was written and flushed.
 */
export async function dataFileCalls(file: string): Promise<string> {
  const descriptors = new Map<string, 'j' | 'r' | 'w'>()
  const calls = (await readFile(file, 'utf8')).split('\n').map((line) => {
    const [, name = '', first = ''] = /^\d+ +(\w+)\(([^,)]+)/.exec(line) ?? []
    if (name === 'openat') noteOpened(descriptors, line)
    const kind = descriptors.get(first)
    if (kind === undefined || name === 'openat') return ''
    if (name !== 'fdatasync') return kind
    return kind === 'j' ? 'd' : 'f'
  })
  return calls.join('')
}

function noteOpened(descriptors: Map<string, 'j' | 'r' | 'w'>, line: string): void {
  const [, path = '', flags = '', descriptor = ''] = /"([^"]*)", ([A-Z_|]+).* = (\d+)$/.exec(line) ?? []
  const isFlushing = flags.includes('O_DSYNC')
  if (path.endsWith('/data.mdb')) descriptors.set(descriptor, isFlushing ? 'r' : 'w')
  else if (path.endsWith('/journal')) descriptors.set(descriptor, 'j')
  else descriptors.delete(descriptor)
}

/** Calls that make, flush, lock and close files and directories. */
const OF_NAMES = 'trace=mkdir,mkdirat,rename,renameat,renameat2,openat,fsync,fdatasync,fcntl,close'

/** A store in a process whose calls OF_NAMES strace writes down in `file`. */
export async function startNameTracedStore(directory: string, file: string): Promise<StoreChild> {
  // Only the first thread, which makes all of these calls: so that no line is in two parts.
  return startStore(directory, ['strace', '-y', '-o', file, '-e', OF_NAMES])
}

/**
 * The calls OF_NAMES of a traced store below `root`, in order, with paths relative to it: `mkdir a`, `create a/b`,
 * `rename a/c`, `flush a`, `lock a/b`, `close a/b`.
 */
export async function nameCalls(file: string, root: string): Promise<readonly string[]> {
  const calls = (await readFile(file, 'utf8')).split('\n').map(nameCall)
  return calls.flatMap(([verb, path]) => {
    if (verb === '' || (path !== root && !path.startsWith(`${root}/`))) return []
    return [`${verb} ${path.slice(root.length + 1) || '.'}`]
  })
}

function nameCall(line: string): readonly [verb: string, path: string] {
  const [, name = '', rest = ''] = /^(\w+)\((.*)$/.exec(line) ?? []
  if (rest.includes(') = -1 ')) return ['', '']
  const text = [...rest.matchAll(/"([^"]*)"/g)].at(-1)?.[1] ?? ''
  const opened = /^\d+<([^>]*)>/.exec(rest)?.[1] ?? ''
  if (name.startsWith('mkdir')) return ['mkdir', text]
  if (name.startsWith('rename')) return ['rename', text]
  if (name === 'openat') return [rest.includes('O_CREAT') ? 'create' : '', text]
  if (name === 'fcntl') return [rest.includes('F_OFD_SETLK') ? 'lock' : '', opened]
  return [name === 'close' ? 'close' : 'flush', opened]
}
