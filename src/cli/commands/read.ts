import type { CommandText } from './command.ts'
import { AS_OF, BY, DEPTH, PATH, PATTERNS, PERIOD, WHERE } from './shared-options.ts'

/** The commands that read. */
export const READ: readonly CommandText[] = [
  {
    usage: 'get <path>',
    summary: 'Print what is at a path, with everything below it. Exit 3 when nothing is there.',
    args: { path: PATH },
    options: [AS_OF, DEPTH],
    examples: ['tidemark get posts/1', 'tidemark get posts/1/title --as-of 3', 'tidemark get posts --as-of 09:30'],
    load: async () => (await import('../read/get.ts')).runGet,
  },
  {
    usage: 'ls [path]',
    summary: 'List collections, or the documents of one.',
    args: { path: 'a collection (posts) or a document (posts/1); default: the root' },
    options: [['--first <n>', 'only so many; default all'], ...WHERE, AS_OF],
    examples: ['tidemark ls', 'tidemark ls posts', "tidemark ls posts --where 'value.likes > 3'"],
    load: async () => (await import('../read/ls.ts')).runLs,
  },
  {
    usage: 'history <path>',
    summary: 'Show the versions of a document, of a field, or of what lies in and below a collection.',
    args: { path: PATH },
    options: [
      ['--last <n>', 'so many of the newest; default 10'],
      ...PERIOD,
      BY,
      ['--diff', 'what each version changed'],
    ],
    examples: [
      'tidemark history posts/1',
      'tidemark history posts/1/title --diff',
      'tidemark history posts --actor bob',
    ],
    load: async () => (await import('../read/history.ts')).runHistory,
  },
  {
    usage: 'diff <path> <from> [to]',
    summary: 'Print the JSON Patch (RFC 6902) from one moment to another.',
    args: { path: PATH, from: 'a time, a cursor or a version', to: 'the same; default now' },
    examples: ['tidemark diff posts/1 3', 'tidemark diff posts/1 1 3', 'tidemark diff posts/1/title 09:30'],
    load: async () => (await import('../read/diff.ts')).runDiff,
  },
  {
    usage: 'log [patterns...]',
    summary: 'Print the changes that were.',
    args: { patterns: `${PATTERNS}; default '*'` },
    options: [
      ['--after <cursor>', 'only what came after it; default from the beginning'],
      ['--first <n>', 'only so many; default all'],
      ['--last <n>', 'so many of the newest'],
      ...PERIOD,
      BY,
      ...WHERE,
      ['--cursor', 'print the cursor to go on from as a last line of JSON'],
    ],
    examples: ['tidemark log posts', 'tidemark log --actor bob --from 09:00', 'tidemark log posts --last 20'],
    load: async () => (await import('../read/log.ts')).runLog,
  },
]
