import type { CommandText } from './command.ts'
import { DATA } from './shared-options.ts'

/** The commands that begin and end a server. */
export const SERVE: readonly CommandText[] = [
  {
    usage: 'start',
    summary: 'Serve a data directory, or a MongoDB, until it is interrupted.',
    options: [
      ['--port <number>', 'port to listen on; 0 takes any free one (PORT; default 4747)'],
      ['--host <address>', 'address to listen on (HOST; default 127.0.0.1)'],
      ['--insecure', 'listen where other machines can reach it, though there are no rights (TIDEMARK_INSECURE)'],
      DATA,
      ['--mongodb <url>', 'keep the data in this MongoDB instead (MONGODB_URL; a replica set)'],
      ['--memory', 'keep the data in memory alone; it is gone at the end'],
      ['--empty', 'leave new data empty: without it, a new directory gets 3 posts to play with (TIDEMARK_EMPTY)'],
      ['--cors <origins>', 'origins of other pages that may use it, comma-separated (TIDEMARK_CORS; default none)'],
      ['--open', 'open the demo in a browser'],
      ['--if-needed', 'be content with a server that runs there already'],
      ['--background', 'run on in a process of its own, with its log beside the data directory'],
    ],
    examples: ['tidemark start', 'tidemark start --data /srv/tidemark --port 8080', 'tidemark start --background'],
    isLocal: true,
    runsOn: true,
    load: async () => (await import('../start.ts')).runStart,
  },
  {
    usage: 'stop',
    summary: 'End the server that has a data directory of this machine, cleanly.',
    options: [DATA],
    isLocal: true,
    examples: ['tidemark stop', 'tidemark stop --data /srv/tidemark'],
    load: async () => (await import('../tools/stop.ts')).runStop,
  },
]

const MONGODB = ['--mongodb <url>', 'where the data lies instead (MONGODB_URL)'] as const

/** The commands that keep the data of a directory. */
export const UPKEEP: readonly CommandText[] = [
  {
    usage: 'backup <directory>',
    summary: 'Write a consistent copy of the data, also while a server has it.',
    args: { directory: 'the backup; empty, or not there yet' },
    options: [DATA, MONGODB],
    isLocal: true,
    examples: ['tidemark backup /mnt/backup/monday', 'tidemark backup copy --data /srv/tidemark'],
    load: async () => (await import('../upkeep/backup.ts')).runBackup,
  },
  {
    usage: 'compact',
    summary: 'Give the room of what was removed back to the disk, while no server has the data.',
    options: [DATA, MONGODB],
    isLocal: true,
    refusesArguments: true,
    examples: ['tidemark compact', 'tidemark compact --data /srv/tidemark'],
    load: async () => (await import('../upkeep/compact.ts')).runCompact,
  },
  {
    usage: 'verify',
    summary:
      'Check every law of the store over all of the data, also while a server has it. Exit 1 when one is broken.',
    options: [DATA, MONGODB],
    isLocal: true,
    refusesArguments: true,
    examples: ['tidemark verify', 'tidemark verify --data /srv/tidemark'],
    load: async () => (await import('../upkeep/verify.ts')).runVerify,
  },
]
