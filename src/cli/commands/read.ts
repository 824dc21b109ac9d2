import type { CommandText } from './command.ts'
import { AS_OF, DEPTH, PATH, WHERE } from './shared-options.ts'

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
]
