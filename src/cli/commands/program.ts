import type { Command } from 'commander'
import { addCommand, type CommandText } from './command.ts'
import { FOLLOW } from './follow.ts'
import { READ } from './read.ts'
import { WRITE } from './write.ts'

const GROUPS: readonly (readonly [title: string, commands: readonly CommandText[]])[] = [
  ['Read:', READ],
  ['Write:', WRITE],
  ['Follow:', FOLLOW],
]

/** Adds the commands that talk to a server, and those that help with them. */
export function addCommands(program: Command): void {
  for (const [title, commands] of GROUPS) {
    for (const command of commands) addCommand(program, title, command)
  }
}
