import type { CommandText } from './command.ts'
import { BODY, EXPECT, KEY, PATH } from './shared-options.ts'

/** The commands that write. */
export const WRITE: readonly CommandText[] = [
  {
    usage: 'post <collection> [body]',
    summary: 'Make a document in a collection; with NDJSON on stdin, one for each line, 500 in a commit.',
    args: { collection: 'such as posts or posts/1/comments', body: `${BODY}; default stdin` },
    options: [
      ['--id <id>', 'default: a new one that sorts by time'],
      ['--ephemeral', 'show it to those who watch, and store nothing'],
      ['--key <key>', 'idempotency key; of many lines, each commit has it with its number'],
    ],
    examples: [`tidemark post posts '{"title":"Hi"}'`, 'tidemark post posts - < posts.ndjson'],
    load: async () => (await import('../write/post.ts')).runPost,
  },
  {
    usage: 'put <path> [body]',
    summary: 'Replace a document, or a field of it.',
    args: { path: PATH, body: `${BODY}; default stdin` },
    options: [...EXPECT, KEY],
    examples: [
      `tidemark put posts/1 '{"title":"Hello","likes":0}'`,
      'tidemark put posts/1/likes 13 --if-version 3',
      'tidemark put posts/1 @post.json --if-absent',
    ],
    load: async () => (await import('../write/put.ts')).runPut,
  },
  {
    usage: 'patch <path> [body]',
    summary: 'Change a part of a document or a field, and leave the rest: a JSON Merge Patch (RFC 7396).',
    args: { path: PATH, body: `${BODY}; default stdin` },
    options: [
      ['--json-patch', 'the body is a JSON Patch (RFC 6902)'],
      ['--operators', 'the body has operators by field: $inc, $append, $union, $remove, $unset, $serverTime'],
      ...EXPECT,
      KEY,
    ],
    examples: [`tidemark patch posts/1 '{"tags":null}'`, `tidemark patch posts/1 --operators '{"likes":{"$inc":1}}'`],
    load: async () => (await import('../write/patch.ts')).runPatch,
  },
  {
    usage: 'delete <path>',
    summary: 'Delete a field, a document with everything below it, or a collection. The past stays.',
    args: { path: PATH },
    options: [...EXPECT, KEY],
    examples: ['tidemark delete posts/1', 'tidemark delete posts/1/tags --if-version 4'],
    load: async () => (await import('../write/delete.ts')).runDelete,
  },
]
