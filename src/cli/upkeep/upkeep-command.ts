import { readConfig, StartError, type Config } from '../../server/config/config.ts'
import type { UpkeepOptions } from '../../server/upkeep.ts'
import { counted } from '../run/colour.ts'
import type { Invocation } from '../run/invocation.ts'

/** Flags that say which data is meant; an undefined one is taken from the environment. */
export interface DataFlags {
  readonly data?: string | undefined
  readonly mongodb?: string | undefined
}

/**
 * Does the work of a command on the data that the flags name, and shows meanwhile how far it is, on a terminal. A
 * signal ends the work, and undoes what was done of it.
 */
export async function upkeep<Report>(
  { flags, env, output, signal }: Invocation<DataFlags>,
  work: (config: Config, options: UpkeepOptions) => Promise<Report>,
): Promise<Report> {
  const config = readConfig(flags, env)
  const progress = new ProgressLine()
  try {
    return await work(config, { onProgress: (done, of) => progress.show(done, of), signal })
  } catch (error) {
    progress.clear()
    if (signal.aborted && output.format === 'text') output.note('Interrupted: nothing was changed.')
    throw error
  } finally {
    progress.clear()
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
    this.#isShown = false
  }
}
