import { Command, CommanderError } from 'commander'
import { addCommands } from './commands/program.ts'
import { commandLineProblem } from './commands/program-errors.ts'
import { belowNpm, misplacedFlags } from './npm-flags.ts'
import { badUsage, reportFailure } from './run/failure.ts'
import { openOutput } from './run/invocation.ts'
import { packageVersion } from '../server/config/package-version.ts'

const program = new Command('tidemark')
  .description('A realtime, versioned document store with a GraphQL API.')
  .version(packageVersion(), '-v, --version')
  .exitOverride()
  .enablePositionalOptions()
  .configureHelp({ subcommandTerm: (command) => command.name() })
  // A mistake is reported below, with the exit code of docs/errors.md.
  .configureOutput({ outputError: () => {} })

program
  .command('start')
  .description('Serve a data directory, or a MongoDB, until it is interrupted.')
  .option('--port <number>', 'port to listen on; 0 takes any free one (PORT; default 4747)')
  .option('--host <address>', 'address to listen on (HOST; default 127.0.0.1)')
  .option('--insecure', 'listen where other machines can reach it, though there are no rights (TIDEMARK_INSECURE)')
  .option('--data <directory>', 'where the data lies (TIDEMARK_DATA; default .tidemark)')
  .option('--mongodb <url>', 'keep the data in this MongoDB instead (MONGODB_URL; a replica set)')
  .option('--memory', 'keep the data in memory alone; it is gone at the end')
  .option('--empty', 'leave new data empty: without it, a new directory gets 3 posts to play with (TIDEMARK_EMPTY)')
  .option('--cors <origins>', 'origins of other pages that may use it, comma-separated (TIDEMARK_CORS; default none)')
  .option('--open', 'open the demo in a browser')
  .option('--if-needed', 'be content with a server that runs there already')
  .option('--background', 'run on in a process of its own, with its log beside the data directory')
  .action(async (flags) => {
    const { start } = await import('./start.ts')
    await start(flags)
  })

const DATA = ['--data <directory>', 'where the data lies (TIDEMARK_DATA; default .tidemark)'] as const
const MONGODB = ['--mongodb <url>', 'where the data lies instead (MONGODB_URL)'] as const

program
  .command('backup')
  .description('Write a consistent copy of the data, also while a server has it.')
  .argument('<directory>', 'the backup; empty, or not there yet')
  .option(...DATA)
  .option(...MONGODB)
  .action(async (target, flags) => {
    const { backup } = await import('./upkeep/backup.ts')
    await backup(target, flags)
  })

program
  .command('compact')
  .description('Give the room of what was removed back to the disk, while no server has the data.')
  .option(...DATA)
  .option(...MONGODB)
  .allowExcessArguments()
  .action(async (flags, { args }) => {
    const { compact } = await import('./upkeep/compact.ts')
    await compact(flags, args)
  })

program
  .command('verify')
  .description('Check every law of the store over all of the data, also while a server has it.')
  .option(...DATA)
  .option(...MONGODB)
  .allowExcessArguments()
  .action(async (flags, { args }) => {
    const { verify } = await import('./upkeep/verify.ts')
    await verify(flags, args)
  })

addCommands(program)

/** Commands that say in plain words why they do not begin. */
const PLAIN = ['start', 'backup', 'compact', 'verify']

/** Says what is wrong with the command line, and gives the exit code. */
function refuse(error: CommanderError): number {
  // The help was printed on stderr, as a command is missing.
  if (error.code === 'commander.help') return 2
  const problem = commandLineProblem(error)
  if (problem === null) return 0
  const [name = ''] = process.argv.slice(2)
  if (!PLAIN.includes(name)) {
    const output = openOutput(outputFlag(), () => {})
    return reportFailure(badUsage(problem), output)
  }
  console.error(belowNpm(process.env) ? `${problem}\nRun npm start -- --help to see what there is.` : problem)
  return name === 'start' ? 1 : 2
}

/** The format that the command line asks for, before it is understood. */
function outputFlag(): { readonly output?: string } {
  const [, output] = /(?:^| )(?:-o|--output)[ =]?(text|json|ndjson)\b/.exec(process.argv.slice(2).join(' ')) ?? []
  return output === undefined ? {} : { output }
}

const misplaced = misplacedFlags(process.argv.slice(2), process.env)
if (misplaced === null) {
  try {
    await program.parseAsync()
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    process.exitCode = refuse(error)
  }
} else {
  console.error(misplaced)
  process.exitCode = 1
}
