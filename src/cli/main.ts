import { CommanderError } from 'commander'
import { tidemarkProgram } from './commands/program.ts'
import { commandLineProblem } from './commands/program-errors.ts'
import { belowNpm, misplacedFlags } from './npm-flags.ts'
import { badUsage, reportFailure } from './run/failure.ts'
import { openOutput } from './run/invocation.ts'
import { packageVersion } from '../server/config/package-version.ts'

/** Says what is wrong with the command line, and gives the exit code. */
function refuse(problem: string): number {
  return reportFailure(
    badUsage(problem),
    openOutput(outputFlag(), () => {}),
  )
}

/** The format that the command line asks for, before it is understood. */
function outputFlag(): { readonly output?: string } {
  const [, output] = /(?:^| )(?:-o|--output)[ =]?(text|json|ndjson)\b/.exec(process.argv.slice(2).join(' ')) ?? []
  return output === undefined ? {} : { output }
}

/** Reads and runs the command line, and gives an exit code where it could not be read; null: the command has one. */
async function run(): Promise<number | null> {
  const misplaced = misplacedFlags(process.argv.slice(2), process.env)
  if (misplaced !== null) return refuse(misplaced)
  try {
    await tidemarkProgram().version(packageVersion(), '-v, --version').parseAsync()
    return null
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // The help was printed on stderr, as a command is missing.
    if (error.code === 'commander.help') return 2
    const problem = commandLineProblem(error)
    if (problem === null) return 0
    return refuse(belowNpm(process.env) ? `${problem} Run npm start -- --help to see what there is.` : problem)
  }
}

const exitCode = await run()
if (exitCode !== null) process.exitCode = exitCode
