import { readFileSync } from 'node:fs'
import { systemCode } from '../system-error.ts'

/** States of proc(5) of a process that has ended but was not yet waited for by its parent. */
const DEAD_STATES: ReadonlySet<string> = new Set(['Z', 'X'])

/**
 * The id of the process in a note of an earlier release, `<pid> <start>`, if it is alive, else null. `start` is field
 * 22 of proc(5); when the note or the system lacks it, the id alone decides. Processes of other PID namespaces are not
 * seen.
 */
export function aliveProcess(note: string): number | null {
  const [id = '', start] = note.trim().split(' ')
  const pid = Number(id)
  // This process is no earlier release, so a note with its id is stale.
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid || !exists(pid)) return null
  const { state, started } = statOf(pid)
  if (state !== undefined && DEAD_STATES.has(state)) return null
  return start === undefined || started === undefined || start === started ? pid : null
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemCode(error) === 'EPERM'
  }
}

/** State (field 3) and start time (field 22) of a process from /proc; empty where there is none. */
function statOf(pid: number): { readonly state?: string | undefined; readonly started?: string | undefined } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0], started: fields[19] }
  } catch {
    return {}
  }
}
