import { Option, type Command } from 'commander'
import { runCommand, type CommonFlags, type Handler } from '../run/invocation.ts'

/** A flag as commander writes it, and what it does. */
export type OptionText = readonly [flags: string, description: string]

/** A command: what its help says, and where its code is. */
export interface CommandText {
  /** Name and arguments: `get <path>`. */
  readonly usage: string
  readonly summary: string
  /** The meaning of each argument, by its name. */
  readonly args?: Readonly<Record<string, string>>
  readonly options?: readonly OptionText[]
  /** Its help begins with them. */
  readonly examples: readonly string[]
  /** Whether it talks to a server. Default true. */
  readonly isLocal?: boolean
  /** Whether it goes on when it has resolved, and answers signals itself. Default false. */
  readonly runsOn?: boolean
  /** Whether its code says what is wrong with arguments that it does not take. Default false. */
  readonly refusesArguments?: boolean
  /** Loads its code, when it is run. */
  readonly load: () => Promise<Handler<never>>
}

const OUTPUT: readonly OptionText[] = [
  ['-o, --output <format>', 'text, json or ndjson (default: text on a terminal, else json, or ndjson for many)'],
  ['-q, --quiet', 'nothing on stderr but errors, and of a write nothing on stdout'],
]

const SERVER: readonly OptionText[] = [
  ['--url <url>', 'the server (TIDEMARK_URL; default: the context, the one of .tidemark, http://localhost:4747)'],
  ['--context <name>', 'the server of this context'],
  ['--data <directory>', 'the server of this data directory (TIDEMARK_DATA)'],
  ['--token-file <file>', 'a file with the token; - is stdin (TIDEMARK_TOKEN)'],
  ['--as <name>', 'who writes, where the server knows nobody (TIDEMARK_ACTOR)'],
]

/** Adds a command to a program, or to a command above it. */
export function addCommand(program: Command, group: string, text: CommandText): Command {
  const command = program.command(text.usage).summary(firstOf(text.summary)).description(text.summary).helpGroup(group)
  for (const argument of command.registeredArguments) argument.description = text.args?.[argument.name()] ?? ''
  addOptions(command, text.options ?? [])
  addOptions(command.optionsGroup('Output:'), OUTPUT)
  // One command has a data directory as its object.
  const server = SERVER.filter(([flags]) => text.options?.some((option) => option[0] === flags) !== true)
  if (text.isLocal !== true) addOptions(command.optionsGroup('Server:'), server)
  command.addHelpText('before', `${['Examples:', ...text.examples].join('\n  ')}\n`)
  command.allowExcessArguments(text.refusesArguments === true)
  return command.action(() => {
    const args = command.args.flat()
    return runCommand(text.load, { args, flags: command.opts<CommonFlags>(), runsOn: text.runsOn })
  })
}

function addOptions(command: Command, options: readonly OptionText[]): void {
  for (const [flags, description] of options) command.addOption(new Option(flags, description))
}

/** The first part of a description, which is enough in a list. */
function firstOf(text: string): string {
  return `${text.split(/[.:;] |\.$/)[0]}.`
}
