import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseError } from '../../core/error.ts'

const NAME = 'lock'

/** Lets one process own a directory: a file that names the process, made in one step. */
export class DirectoryLock {
  readonly #path: string

  /** Takes the lock, also from a process that is gone. Throws UNAVAILABLE while another one, or this one, holds it. */
  constructor(directory: string) {
    this.#path = join(directory, NAME)
    const own = join(directory, `${NAME}.${process.pid}`)
    writeFileSync(own, ownerOf(process.pid))
    try {
      this.#take(own, directory)
    } finally {
      rmSync(own, { force: true })
    }
  }

  release(): void {
    if (contentOf(this.#path) === ownerOf(process.pid)) rmSync(this.#path, { force: true })
  }

  #take(own: string, directory: string): void {
    if (linked(own, this.#path)) return
    const holder = contentOf(this.#path)
    if (holder !== null && isAlive(holder)) throw inUse(directory, holder)
    if (holder !== null) this.#putAside(holder)
    if (!linked(own, this.#path)) throw inUse(directory, contentOf(this.#path) ?? '')
  }

  /** Of two processes that find the same stale lock, the slower one may have got the faster one's: it gives it back. */
  #putAside(stale: string): void {
    const aside = `${this.#path}.${process.pid}.stale`
    try {
      renameSync(this.#path, aside)
    } catch {
      return
    }
    if (contentOf(aside) !== stale) linked(aside, this.#path)
    rmSync(aside, { force: true })
  }
}

/** Makes the link unless there is a file of that name. */
function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

function contentOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

/**
 * A process: its id and, where the system tells (proc(5), field 22), when it started. Ids are used again, in a container
 * even at once, so that a lock left behind may bear the id of the very process that reads it.
 */
function ownerOf(pid: number): string {
  return `${pid} ${fieldsOf(pid)[19] ?? ''}`.trim()
}

/** What the system tells of a process (proc(5), from field 3, its state, on). */
function fieldsOf(pid: number): readonly string[] {
  const stat = contentOf(`/proc/${pid}/stat`)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? []
}

/** Dead, but not taken note of by its parent: a zombie holds nothing. */
const DEAD = ['Z', 'X']

function isAlive(owner: string): boolean {
  const pid = Number.parseInt(owner, 10)
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  return ownerOf(pid) === owner && !DEAD.includes(fieldsOf(pid)[0] ?? '')
}

function inUse(directory: string, holder: string): DatabaseError {
  const pid = Number.parseInt(holder, 10)
  const who = pid === process.pid ? 'this process has it open already' : `the process ${pid} is using it`
  return new DatabaseError('UNAVAILABLE', `The data directory ${directory} is in use: ${who}. Stop that one, or choose another directory.`)
}
