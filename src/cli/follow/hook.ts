import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import type { Change } from '../../core/database.ts'
import type { Cursor } from '../../core/database/options.ts'
import { changeJson } from '../run/change-line.ts'
import { CommandExit } from '../run/failure.ts'

interface HookOptions {
  readonly signal: AbortSignal
  /** The place after the last commit that the command has seen whole; null: the beginning of the feed. */
  readonly resumeAt: Cursor | null
}

/**
 * Runs a shell command for one change, which it gets on stdin, and waits for it. Rejects with CommandExit and the
 * command's exit code when that is not 0.
 */
export async function runHook(command: string, change: Change, { signal, resumeAt }: HookOptions): Promise<void> {
  signal.throwIfAborted()
  const child = spawn(command, { shell: true, stdio: ['pipe', 'inherit', 'inherit'], env: environmentOf(change) })
  const end = (): void => void child.kill('SIGTERM')
  signal.addEventListener('abort', end, { once: true })
  // A command need not read its input.
  child.stdin.on('error', () => {})
  child.stdin.end(`${JSON.stringify(changeJson(change))}\n`)
  const [code, killer] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  signal.removeEventListener('abort', end)
  signal.throwIfAborted()
  if (code === 0) return
  const exitCode = code ?? 128 + (killer === null ? 0 : constants.signals[killer])
  const resume = resumeAt === null ? '' : `: go on with --after ${resumeAt}`
  const message = `The command ended with ${exitCode} at ${change.type} ${change.path}${resume}.`
  throw new CommandExit(exitCode, message, { exit: exitCode, cursor: resumeAt })
}

function environmentOf({ type, path, document, cursor }: Change): NodeJS.ProcessEnv {
  return {
    ...process.env,
    TIDEMARK_TYPE: type,
    TIDEMARK_PATH: path,
    TIDEMARK_VERSION: String(document.version),
    TIDEMARK_CURSOR: cursor ?? '',
  }
}
