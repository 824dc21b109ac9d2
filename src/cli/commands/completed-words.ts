import type { Command } from 'commander'
import { tidemarkProgram } from './program.ts'

/** Completions of the last word of a command line. */
export interface CompletedWords {
  /** Names of commands, flags, and words that a command takes. */
  readonly words: readonly string[]
  /** Further completions: paths of the server, names of contexts. */
  readonly also: 'paths' | 'contexts' | null
}

/** Words that arguments take, by the command. */
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = { completion: ['bash', 'zsh', 'fish'] }

/** The words for a command line without `tidemark`; the last one is being typed. */
export function completedWords(line: readonly string[]): CompletedWords {
  const program = tidemarkProgram()
  const [last = '', before = ''] = [line.at(-1), line.at(-2)]
  const command = line.slice(0, -1).reduce<Command>((above, word) => named(above, word) ?? above, program)
  if (last.startsWith('-')) return { words: [...command.options.map(longOf), '--help'], also: null }
  const flag = command.options.find(({ long, short }) => long === before || short === before)
  if (flag?.long === '--context') return { words: [], also: 'contexts' }
  if (flag?.long === '--output') return { words: ['text', 'json', 'ndjson'], also: null }
  if (flag?.required === true) return { words: [], also: null }
  const name = command.name()
  if (name === 'help') return { words: [...namesOf(program), 'exit-codes'], also: null }
  if (command.parent?.name() === 'context' && name !== 'add') {
    return { words: [], also: command.registeredArguments.length > 0 ? 'contexts' : null }
  }
  const asksServer = command.options.some(({ long }) => long === '--url')
  const takesPath = asksServer && command.registeredArguments.length > 0 && !(name in ARGUMENTS)
  return { words: [...namesOf(command), ...(ARGUMENTS[name] ?? [])], also: takesPath ? 'paths' : null }
}

const named = (above: Command, word: string): Command | undefined =>
  above.commands.find((command) => command.name() === word)

const namesOf = (command: Command): readonly string[] => command.commands.map((each) => each.name())

const longOf = ({ long }: { readonly long?: string | undefined }): string => long ?? ''
