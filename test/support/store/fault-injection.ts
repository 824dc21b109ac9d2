import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { startStore, type StoreChild } from './child.ts'

const run = promisify(execFile)

const hasFiu = spawnSync('fiu-run', ['-h']).error === undefined

/**
 * Why system calls cannot be made to fail here, or null when they can. libfiu does it
 * (https://blitiri.com.ar/p/libfiu).
 */
export const noInjection: string | null = hasFiu ? null : 'fiu-run (Debian package fiu-utils) is not installed'

/** Numbers of errors, as in errno.h of Linux. */
export const ERRNO = { EIO: 5, ENOSPC: 28 } as const

/**
 * Names of calls as libfiu has them (fiu-posix): what lmdb writes and flushes with, and the same writes cut short.
 * Failing `writev` is left out: lmdb 3.5.6 then writes past a buffer of its own, which ends the process now and then.
 */
export const CALLS = {
  pwrite: 'posix/io/rw/pwrite',
  fdatasync: 'posix/io/sync/fdatasync',
  shortPwrite: 'posix/io/rw/pwrite/reduce',
  shortWritev: 'posix/io/rw/writev/reduce',
} as const

export type FaultyCall = keyof typeof CALLS

export interface FaultyStore extends StoreChild {
  /** From now on these calls of the process fail. */
  fail(calls: readonly FaultyCall[], errno: number): Promise<void>
  /** From now on these calls fail with EIO, or are cut short, at random, with a probability of 0 to 1. */
  failAtRandom(calls: readonly FaultyCall[], probability: number): Promise<void>
  /** From now on all calls work. */
  heal(): Promise<void>
}

/** A store in a process whose system calls can be made to fail. `control` is a path that is free for its pipes. */
export async function startFaultyStore(directory: string, control: string): Promise<FaultyStore> {
  const child = await startStore(directory, ['fiu-run', '-x', '-f', control])
  const failing = new Set<FaultyCall>()
  const send = async (commands: readonly string[]): Promise<void> =>
    void (await run('fiu-ctrl', ['-f', control, ...commands.flatMap((command) => ['-c', command]), String(child.pid)]))
  const enable = async (calls: readonly FaultyCall[], how: (name: string) => string): Promise<void> => {
    for (const call of calls) failing.add(call)
    await send(calls.map((call) => how(CALLS[call])))
  }
  return {
    ...child,
    fail: (calls, errno) => enable(calls, (name) => `enable name=${name},failinfo=${errno}`),
    failAtRandom: (calls, probability) =>
      enable(calls, (name) => `enable_random name=${name},probability=${probability},failinfo=${ERRNO.EIO}`),
    heal: async () => {
      await send([...failing].map((call) => `disable name=${CALLS[call]}`))
      failing.clear()
    },
  }
}
