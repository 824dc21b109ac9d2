import { DatabaseError, ERRORS } from '../../core/error.ts'
import { readConfig, StartError, type Config } from '../../server/config/config.ts'
import type { UpkeepOptions } from '../../server/upkeep.ts'
import { counted } from '../run/colour.ts'

/** Flags that say which data is meant; an undefined one is taken from the environment. */
export interface DataFlags {
  readonly data?: string | undefined
  readonly mongodb?: string | undefined
}

/** How a command ended: what it prints, and its exit code. */
export interface Outcome {
  readonly lines: readonly string[]
  readonly exitCode: number
}

/** Exit codes beside those of ERRORS: of bad flags, and of damaged data. */
const BAD_FLAGS = 2
const DAMAGED = 1

/** Signals that end a command, with the exit code that a shell gives to each. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/** Why a command ended early. */
class Interrupted extends Error {
  override readonly name = 'AbortError'
  readonly exitCode: number

  constructor(exitCode: number) {
    super('Interrupted: nothing was changed.')
    this.exitCode = exitCode
  }
}

/**
 * Runs a command on the data that the flags name: its lines go to stdout, progress to stderr on a terminal, an error is
 * one sentence on stderr with the exit code of docs/errors.md. A signal ends the work, and undoes what was done of it.
 */
export async function runUpkeep(
  flags: DataFlags,
  work: (config: Config, options: UpkeepOptions) => Promise<Outcome>,
): Promise<void> {
  const controller = new AbortController()
  for (const [signal, exitCode] of Object.entries(SIGNALS)) {
    process.once(signal, () => controller.abort(new Interrupted(exitCode)))
  }
  const progress = new ProgressLine()
  try {
    const config = readConfig(flags, process.env)
    const onProgress = (done: number, of: number): void => progress.show(done, of)
    const { lines, exitCode } = await work(config, { onProgress, signal: controller.signal })
    progress.clear()
    for (const line of lines) console.log(line)
    process.exitCode = exitCode
  } catch (error) {
    progress.clear()
    process.exitCode = exitCodeOf(error)
    console.error((error as Error).message)
  }
}

/** Throws StartError for arguments beside the flags: mostly a directory, which `--data` names. */
export function refuseArguments(command: string, args: readonly string[]): void {
  const [first] = args
  if (first === undefined) return
  throw new StartError(
    `tidemark ${command} takes no argument, and got ${first}: name the data directory with --data, ` +
      `as in tidemark ${command} --data ${first}.`,
  )
}

/**
 * A line about documents whose purge is not finished, none where all are; `andThen`: what is to be done once it is.
 */
export function purgeLines(documents: number, andThen?: string): readonly string[] {
  if (documents === 0) return []
  const advice = `start a server on the data, which finishes it${andThen === undefined ? '' : `, ${andThen}`}`
  return [`A purge of ${counted(documents, 'document')} is not finished, so the content is still there: ${advice}.`]
}

/** The exit code of an error that is a sentence; any other one is thrown. */
function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return error.exitCode
  if (error instanceof StartError) return BAD_FLAGS
  if (error instanceof DatabaseError) return 'damage' in error.details ? DAMAGED : ERRORS[error.code].exit
  throw error
}

/** Time between two looks of the progress line. */
const SHOW_MS = 100

/** A line on stderr that says how far the work is; nothing where stderr is no terminal. */
class ProgressLine {
  #next = 0
  #isShown = false

  show(done: number, of: number): void {
    const now = performance.now()
    if (!process.stderr.isTTY || now < this.#next) return
    this.#next = now + SHOW_MS
    this.#isShown = true
    process.stderr.write(`\r${Math.min(99, Math.floor((100 * done) / Math.max(of, 1)))} %`)
  }

  clear(): void {
    if (this.#isShown) process.stderr.write('\r\u001b[K')
  }
}
