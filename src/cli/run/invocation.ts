import { CommandExit, reportFailure } from './failure.ts'
import { formatOf, Output, type Format } from './output.ts'

/** Flags that every command has. */
export interface CommonFlags {
  readonly output?: string | undefined
  readonly quiet?: boolean | undefined
  readonly url?: string | undefined
  readonly context?: string | undefined
  readonly data?: string | undefined
  readonly tokenFile?: string | undefined
  readonly as?: string | undefined
}

export type Environment = Readonly<Record<string, string | undefined>>

/** A command line that was understood, with its surroundings. */
export interface Invocation<Flags = object> {
  readonly args: readonly string[]
  readonly flags: Flags & CommonFlags
  readonly env: Environment
  readonly output: Output
  /** Aborted when the command has to end: by a signal, or since nobody reads its output. */
  readonly signal: AbortSignal
  /** Ends the command with an error. */
  fail(error: unknown): void
}

/** A command: resolves with its exit code, 0 by default. */
export type Handler<Flags = object> = (invocation: Invocation<Flags>) => Promise<number | void>

/** Signals that end a command, with the exit code that a shell gives to each. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

interface CommandLine {
  readonly args: readonly string[]
  readonly flags: CommonFlags
  /** Whether the command goes on when it has resolved, and answers signals itself. Default false. */
  readonly runsOn?: boolean | undefined
}

/**
 * Runs a command, and sets the exit code of the process: it ends by itself when everything is written. A second signal
 * ends it at once.
 */
export async function runCommand(load: () => Promise<Handler<never>>, line: CommandLine): Promise<void> {
  const { args, flags, runsOn = false } = line
  const controller = new AbortController()
  const abort = (reason: unknown): void => controller.abort(reason)
  const leave = runsOn ? () => {} : abortOnSignals(controller)
  const output = openOutput(flags, abort)
  try {
    formatOf(flags.output)
    const handler = (await load()) as Handler
    const invocation = { args, flags, env: process.env, output, signal: controller.signal, fail: abort }
    const exitCode = await handler(invocation)
    await output.flush()
    controller.signal.throwIfAborted()
    process.exitCode = exitCode ?? 0
  } catch (error) {
    await output.flush()
    process.exitCode = reportFailure(controller.signal.aborted ? controller.signal.reason : error, output)
  }
  leave()
}

/** Ends a command at a signal; the result stops listening. */
function abortOnSignals(controller: AbortController): () => void {
  for (const [name, exitCode] of Object.entries(SIGNALS)) {
    const end = (): void => {
      if (controller.signal.aborted) process.exit(exitCode)
      controller.abort(new CommandExit(exitCode))
    }
    process.on(name, end)
  }
  return () => {
    for (const name of Object.keys(SIGNALS)) process.removeAllListeners(name)
  }
}

/** The output of a command; a format that there is not is as good as none, until it is complained of. */
export function openOutput({ output, quiet = false }: CommonFlags, abort: (reason: unknown) => void): Output {
  const known: Format = output === 'text' || output === 'json' || output === 'ndjson' ? output : 'auto'
  const { stdout, stderr, env } = process
  return new Output({ format: known, isQuiet: quiet, stdout, stderr, env, abort })
}
