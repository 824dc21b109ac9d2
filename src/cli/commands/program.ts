import type { Command } from 'commander'
import { runCommand, type CommonFlags, type Handler } from '../run/invocation.ts'
import { badUsage } from '../run/failure.ts'
import { addCommand, type CommandText } from './command.ts'
import { FOLLOW } from './follow.ts'
import { READ } from './read.ts'
import { CONTEXT, TOOLS } from './tools.ts'
import { WRITE } from './write.ts'

const GROUPS: readonly (readonly [title: string, commands: readonly CommandText[]])[] = [
  ['Read:', READ],
  ['Write:', WRITE],
  ['Follow:', FOLLOW],
  ['Tools:', TOOLS],
]

const EXAMPLES = `Examples:
  tidemark start
  tidemark put posts/1 '{"title":"Hello"}'
  tidemark get posts/1
  tidemark watch posts
`

/** Adds the commands that talk to a server, and those that help with them. */
export function addCommands(program: Command): void {
  program.addHelpText('before', EXAMPLES)
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

/** The words that the help lists: names of commands, or the flags of one. */
export function commandWords(name: string, word: string): readonly string[] {
  const commands = GROUPS.flatMap(([, texts]) => texts)
  if (!word.startsWith('-')) return ['start', ...commands.map(({ usage }) => nameOf(usage)), 'context', 'help']
  const flags = commands.find(({ usage }) => nameOf(usage) === name)?.options ?? []
  return [...flags, ['--output'], ['--url'], ['--help']].map(([flag = '']) => /--[\w-]+/.exec(flag)?.[0] ?? '')
}

const nameOf = (usage: string): string => usage.split(' ')[0] ?? ''
