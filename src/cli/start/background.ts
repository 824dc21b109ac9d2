import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { DatabaseError, type ErrorCode } from '../../core/error.ts'
import { StartError, type Config } from '../../server/config/config.ts'

/** A server that runs on without this process. */
interface BackgroundServer {
  readonly url: string
  /** Its process; null when another server ran there already, which was enough. */
  readonly pid: number | null
  /** The line that it printed when it was ready, as JSON. */
  readonly line: string
  /** Where its log is. */
  readonly log: string
}

/** Flags of this process, and not of the server that it starts. */
const OWN_FLAGS = ['--background', '--open']

/**
 * Runs this command, without the flag, in a process of its own, and resolves when the server takes requests. Its log
 * is a file beside the data directory. Throws StartError with what the server said when it ended before.
 */
export async function startInBackground(config: Config): Promise<BackgroundServer> {
  if (config.memory === true || config.mongodb !== undefined) {
    throw new StartError('With --background the data lies in a directory: leave --memory and --mongodb out.')
  }
  const log = `${config.directory}.log`
  const file = openLogFile(log)
  const own = process.argv.slice(1).filter((arg) => !OWN_FLAGS.includes(arg))
  // The last of two formats counts.
  const args = [...process.execArgv, ...own, '--output=json']
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', 'pipe', file] })
  closeSync(file)
  const { stdout } = child as ChildProcessByStdio<null, Readable, null>
  const line = await new Promise<string | null>((resolve) => {
    createInterface(stdout).once('line', resolve)
    child.once('close', () => resolve(null))
  })
  stdout.destroy()
  child.unref()
  // A start that fails writes why last.
  if (line === null) throw failureIn(readFileSync(log, 'utf8').trimEnd().split('\n').at(-1) ?? '')
  const { url, pid = null } = JSON.parse(line) as { url: string; pid?: number }
  return { pid, url, line, log }
}

/** The error in the last line of a log: as JSON, or something that Node said. */
function failureIn(line: string): StartError {
  try {
    const { code, message } = JSON.parse(line) as { readonly code: ErrorCode; readonly message: string }
    return new StartError(message, { cause: new DatabaseError(code, message) })
  } catch {
    return new StartError(line)
  }
}

function openLogFile(log: string): number {
  try {
    return openSync(log, 'a', 0o600)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    const remedy = 'make the directory in which it lies, or choose other data.'
    throw new StartError(`The log ${log} cannot be written (${code}): ${remedy}`, { cause: error })
  }
}
