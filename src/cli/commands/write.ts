import type { CommandText } from './command.ts'
import { BODY, EXPECT, KEY, PATH, PERIOD } from './shared-options.ts'

/** The commands that write. */
export const WRITE: readonly CommandText[] = [
  {
    usage: 'post <collection> [body]',
    summary: 'Make a document in a collection; with NDJSON in the body, one for each line, 500 in a commit.',
    args: { collection: 'such as posts or posts/1/comments', body: `${BODY}; default stdin` },
    options: [
      ['--id <id>', 'default: a new one that sorts by time'],
      ['--id-field <name>', 'take the id from this field of each value'],
      ['--ephemeral', 'show it to those who watch, and store nothing'],
      ['--key <key>', 'idempotency key; of many lines, each commit has it with its number'],
    ],
    examples: [`tidemark post posts '{"title":"Hi"}'`, 'tidemark post posts @posts.ndjson'],
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
    usage: 'delete <paths...>',
    summary:
      'Delete a field, a document with everything below it, or a collection; of several, all or none. The past stays.',
    args: { paths: PATH },
    options: [...EXPECT, KEY, ['--in-parts', 'a large tree too: in several commits, nested documents first']],
    examples: [
      'tidemark delete posts/1',
      'tidemark delete posts/1 posts/2',
      'tidemark delete posts/1/tags --if-version 4',
    ],
    load: async () => (await import('../write/delete.ts')).runDelete,
  },
  {
    usage: 'restore <path> <to>',
    summary: 'Make a document, a field or a tree as it was at a moment.',
    args: { path: PATH, to: 'a time, a cursor or a version' },
    options: [['--tree', 'with everything below it'], ['--dry-run', 'only print what would change'], ...EXPECT, KEY],
    examples: [
      'tidemark restore posts/1 3',
      'tidemark restore posts/1/title 09:30',
      'tidemark restore posts 1h --tree --dry-run',
      'tidemark restore posts 1h --tree',
    ],
    load: async () => (await import('../write/restore.ts')).runRestore,
  },
  {
    usage: 'revert [commit]',
    summary: 'Take back what a commit did, or an actor in a period, and keep what others wrote since.',
    args: { commit: 'the id of a commit, as watch and log print it' },
    options: [
      ['--actor <name>', 'what this actor wrote'],
      ...PERIOD,
      ['--paths <patterns...>', 'only at these paths'],
      ['--dry-run', 'only tell what would happen'],
      KEY,
    ],
    examples: [
      'tidemark revert --actor bob --from 09:30 --dry-run',
      "tidemark revert --actor bob --from 1d --paths 'posts/*/title'",
      'tidemark revert 01M7YQKH5H5D1XTDBE51YX5HAN',
    ],
    load: async () => (await import('../write/revert.ts')).runRevert,
  },
  {
    usage: 'purge <path>',
    summary: 'Erase a document or a collection from every moment of the past. It asks for the path first.',
    args: { path: 'a document or a collection' },
    options: [['-y, --yes', 'without a question'], KEY],
    examples: ['tidemark purge users/ada', 'tidemark purge users/ada -y'],
    load: async () => (await import('../write/purge.ts')).runPurge,
  },
]
