import type { CommandText } from './command.ts'
import { PATTERNS, WHERE } from './shared-options.ts'

/** The commands that go on running. */
export const FOLLOW: readonly CommandText[] = [
  {
    usage: 'watch <patterns...>',
    summary: 'Print every change as it comes, in order, once; it goes on by itself when the connection was lost.',
    args: { patterns: PATTERNS },
    options: [
      ['--after <cursor>', 'go on after this place'],
      ['--last <n>', 'begin with the last so many changes'],
      ['--start', 'begin with the first change there is'],
      ...WHERE,
      ['--exec <command>', 'run it for each change, one after another: the change is its stdin'],
      ['--heartbeats', 'print the cursor now and then, when nothing comes'],
    ],
    examples: [
      'tidemark watch posts',
      "tidemark watch '*' --last 10",
      `tidemark watch posts --exec 'echo "$TIDEMARK_TYPE $TIDEMARK_PATH"'`,
    ],
    load: async () => (await import('../follow/watch.ts')).runWatch,
  },
]
