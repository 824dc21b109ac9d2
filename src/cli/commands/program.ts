import { Command } from 'commander'
import { runCommand, type CommonFlags, type Handler } from '../run/invocation.ts'
import { badUsage } from '../run/failure.ts'
import { addCommand, type CommandText } from './command.ts'
import { FOLLOW } from './follow.ts'
import { READ } from './read.ts'
import { SERVE, UPKEEP } from './serve.ts'
import { CONTEXT, TOOLS } from './tools.ts'
import { WRITE } from './write.ts'

const GROUPS: readonly (readonly [title: string, commands: readonly CommandText[]])[] = [
  ['Serve:', SERVE],
  ['Read:', READ],
  ['Write:', WRITE],
  ['Follow:', FOLLOW],
  ['Tools:', TOOLS],
  ['Upkeep:', UPKEEP],
]

const EXAMPLES = `Examples:
  tidemark start
  tidemark put posts/1 '{"title":"Hello"}'
  tidemark get posts/1
  tidemark watch posts
`

/** The command line with all its commands; it throws where commander would end the process. */
export function tidemarkProgram(): Command {
  const program = new Command('tidemark')
    .description('A realtime, versioned document store with a GraphQL API.')
    .exitOverride()
    .enablePositionalOptions()
    .configureHelp({ subcommandTerm: (command) => command.name() })
    // A mistake is reported by the caller, with the exit code of docs/errors.md.
    .configureOutput({ outputError: () => {} })
    .addHelpText('before', EXAMPLES)
  for (const [title, commands] of GROUPS) {
    for (const command of commands) addCommand(program, title, command)
  }
  const context = program
    .command('context')
    .description('Name servers, and choose one.')
    .helpGroup('Tools:')
    .helpCommand(false)
  for (const command of CONTEXT) addCommand(context, 'Commands:', command)
  addHelp(program)
  return program
}

function addHelp(program: Command): void {
  program
    .helpCommand(false)
    .command('help [command]')
    .description('Print the help of a command, or the exit codes (help exit-codes).')
    .helpGroup('Tools:')
    .option('-o, --output <format>', 'of the exit codes: text, json or ndjson')
    .action(async (name: string | undefined, flags: CommonFlags) => {
      const load = async (): Promise<Handler> => (await import('../tools/exit-codes.ts')).runExitCodes
      if (name === 'exit-codes') return runCommand(load, { args: [], flags })
      const command = name === undefined ? program : program.commands.find((each) => each.name() === name)
      if (command === undefined) return runCommand(async () => noSuchHelp, { args: [name ?? ''], flags })
      command.outputHelp()
    })
}

const noSuchHelp: Handler = async ({ args }) => {
  throw badUsage(`There is no command ${args[0]}: tidemark --help lists all there is.`)
}
