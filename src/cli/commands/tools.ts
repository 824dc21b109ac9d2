import type { CommandText } from './command.ts'
import { DATA } from './shared-options.ts'

/** The commands beside reading and writing. */
export const TOOLS: readonly CommandText[] = [
  {
    usage: 'gql [query]',
    summary: 'Send a GraphQL operation; of a subscription, print each result. Errors give the exit code.',
    args: { query: 'the text of a query, a mutation or a subscription, or - for stdin; default stdin' },
    options: [
      ['-v, --variable <name=value...>', 'a variable: JSON, or else a text'],
      ['--file <file>', 'read the text from a file; - is stdin'],
    ],
    examples: [
      `tidemark gql '{ get(path: "posts/1") }'`,
      `tidemark gql 'query ($path: Path!) { document(path: $path) { version } }' -v path=posts/1`,
    ],
    load: async () => (await import('../tools/gql.ts')).runGql,
  },
  {
    usage: 'status',
    summary: 'Say whether a server runs, and what it is doing. Exit 6 when none answers.',
    options: [['--ready', 'exit 6 also when it should get no requests at the moment']],
    examples: ['tidemark status', 'tidemark status --ready -q -o json'],
    load: async () => (await import('../tools/status.ts')).runStatus,
  },
  {
    usage: 'console',
    summary: 'Open the console of a server in a browser, and print its address. On a pipe, it is only printed.',
    options: [['--print', 'only print its address']],
    examples: ['tidemark console', 'tidemark console --url https://db.example.com'],
    load: async () => (await import('../start/console.ts')).runConsole,
  },
  {
    usage: 'doctor',
    summary: 'Look at what a server needs on this machine. Exit 1 when something is wrong.',
    options: [
      DATA,
      ['--mongodb <url>', 'or the MongoDB (MONGODB_URL)'],
      ['--port <number>', 'the port to listen on (PORT; default 4747)'],
    ],
    examples: ['tidemark doctor', 'tidemark doctor --data /srv/tidemark --port 8080'],
    load: async () => (await import('../tools/doctor.ts')).runDoctor,
  },
  {
    usage: 'repl',
    summary:
      'Run JavaScript with db, the client. On a pipe, stdin is one program: its value and each print(value) are lines.',
    examples: ['tidemark repl', `echo "await db.get('posts/1')" | tidemark repl`],
    load: async () => (await import('../tools/repl.ts')).runRepl,
  },
  {
    usage: 'types',
    summary: 'Print types for connect<Schema>, inferred from what is stored.',
    options: [
      ['--from <collections>', 'of these alone, as in posts,users; default all'],
      ['--sample <n>', 'so many documents of each; default 1000'],
      ['--out <file>', 'write them to a file'],
      ['--check', 'only say whether that file is up to date; exit 1 when it is not'],
    ],
    examples: ['tidemark types', 'tidemark types --from posts --out src/tidemark.d.ts --check'],
    load: async () => (await import('../tools/types.ts')).runTypes,
  },
  {
    usage: 'completion [shell] [words...]',
    summary: 'Print the script by which bash, zsh or fish completes commands and paths.',
    options: [['--words', 'what may follow, for these scripts']],
    examples: [
      'source <(tidemark completion bash)',
      'tidemark completion fish > ~/.config/fish/completions/tidemark.fish',
    ],
    load: async () => (await import('../tools/completion.ts')).runCompletion,
  },
]

/** The commands below `tidemark context`. */
export const CONTEXT: readonly CommandText[] = [
  {
    usage: 'add <name>',
    summary: 'Name a server; the first one is current at once. The file is for this user alone.',
    examples: ['tidemark context add prod --url https://db.example.com --token-file token'],
    load: async () => (await import('../tools/context.ts')).runContextAdd,
  },
  {
    usage: 'ls',
    summary: 'List the servers that have a name; * marks the current one.',
    isLocal: true,
    examples: ['tidemark context ls'],
    load: async () => (await import('../tools/context.ts')).runContextLs,
  },
  {
    usage: 'use <name>',
    summary: 'Make a server the current one.',
    isLocal: true,
    examples: ['tidemark context use prod'],
    load: async () => (await import('../tools/context.ts')).runContextUse,
  },
  {
    usage: 'rm <name>',
    summary: 'Forget a server.',
    isLocal: true,
    examples: ['tidemark context rm prod'],
    load: async () => (await import('../tools/context.ts')).runContextRm,
  },
]
