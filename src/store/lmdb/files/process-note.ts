import { readFileSync } from 'node:fs'

/** States of proc(5) in which a process holds nothing any more, though its parent has not taken note of its end. */
const DEAD: ReadonlySet<string> = new Set(['Z', 'X'])

/**
 * The id of the process that a note of an earlier release names, `<pid> <start>`, if it lives, else null. `start` is field
 * 22 of proc(5); where the note or the system has none, the id alone decides. What lives in another PID namespace is not seen.
 */
export function livingProcess(note: string): number | null {
  const [id = '', start] = note.trim().split(' ')
  const pid = Number(id)
  // This process is of this release.
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid || !exists(pid)) return null
  const { state, started } = statOf(pid)
  if (state !== undefined && DEAD.has(state)) return null
  return start === undefined || started === undefined || start === started ? pid : null
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** What the system tells of a process: its fields from the third, the state, on. */
function statOf(pid: number): { readonly state?: string | undefined; readonly started?: string | undefined } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0], started: fields[19] }
  } catch {
    return {}
  }
}
