import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { packageVersion } from './package-version.ts'

/** In a data directory: where the server that has it listens. */
const NOTE_NAME = 'address'

/** A server that runs on this machine. */
export interface ServerAddress {
  /** Such as `http://127.0.0.1:4747`. */
  readonly url: string
  readonly pid: number
  /** Its release. */
  readonly version: string
}

/** Notes where this process serves the directory, for commands that are run there. */
export function noteAddress(directory: string, url: string): void {
  const note: ServerAddress = { url, pid: process.pid, version: packageVersion() }
  try {
    writeFileSync(join(directory, NOTE_NAME), `${JSON.stringify(note)}\n`, { mode: 0o600 })
  } catch {
    // A server is complete without it: commands then need its address.
  }
}

/** Removes the note of this process. */
export function removeAddress(directory: string): void {
  try {
    if (notedAddress(directory)?.pid === process.pid) rmSync(join(directory, NOTE_NAME), { force: true })
  } catch {
    // A note that stays is stale, and ignored.
  }
}

/**
 * The server of this machine that has the directory; null: none has, or it has not said where it listens. A note that a
 * killed server left counts for nothing, as the kernel's lock on the directory decides.
 */
export async function addressIn(directory: string): Promise<ServerAddress | null> {
  const note = notedAddress(directory)
  if (note === null) return null
  const { ownerOf } = await import('../../store/lmdb/files/lock/directory-lock.ts')
  try {
    const owner = ownerOf(directory)
    return owner?.pid === note.pid && owner.host === hostname() ? note : null
  } catch {
    return null
  }
}

function notedAddress(directory: string): ServerAddress | null {
  try {
    const { url, pid, version } = JSON.parse(readFileSync(join(directory, NOTE_NAME), 'utf8')) as Partial<ServerAddress>
    return typeof url === 'string' && typeof pid === 'number' ? { url, pid, version: String(version) } : null
  } catch {
    return null
  }
}
