import { Command } from 'commander'
import { belowNpm, misplacedFlags } from './npm-flags.ts'
import { packageVersion } from '../server/config/package-version.ts'

const program = new Command('tidemark')
  .description('A realtime, versioned document store with a GraphQL API.')
  .version(packageVersion(), '-v, --version')
  .showHelpAfterError(
    belowNpm(process.env)
      ? 'Run npm start -- --help to see what there is.'
      : 'Run tidemark --help to see what there is.',
  )

program
  .command('start')
  .description('Serve a data directory, or a MongoDB, until it is interrupted.')
  .option('--port <number>', 'port to listen on; 0 takes any free one (PORT; default 4747)')
  .option('--host <address>', 'address to listen on (HOST; default 127.0.0.1)')
  .option('--insecure', 'listen where other machines can reach it, though there are no rights (TIDEMARK_INSECURE)')
  .option('--data <directory>', 'where the data lies (TIDEMARK_DATA; default .tidemark)')
  .option('--mongodb <url>', 'keep the data in this MongoDB instead (MONGODB_URL; a replica set)')
  .option('--memory', 'keep the data in memory alone; it is gone at the end')
  .option('--empty', 'leave new data empty: without it, a new directory gets 3 posts to play with (TIDEMARK_EMPTY)')
  .option('--cors <origins>', 'origins of other pages that may use it, comma-separated (TIDEMARK_CORS; default none)')
  .option('--open', 'open the demo in a browser')
  .option('--if-needed', 'be content with a server that runs there already')
  .option('--background', 'run on in a process of its own, with its log beside the data directory')
  .action(async (flags) => {
    const { start } = await import('./start.ts')
    await start(flags)
  })

const DATA = ['--data <directory>', 'where the data lies (TIDEMARK_DATA; default .tidemark)'] as const
const MONGODB = ['--mongodb <url>', 'where the data lies instead (MONGODB_URL)'] as const

program
  .command('backup')
  .description('Write a consistent copy of the data, also while a server has it.')
  .argument('<directory>', 'the backup; empty, or not there yet')
  .option(...DATA)
  .option(...MONGODB)
  .action(async (target, flags) => {
    const { backup } = await import('./backup.ts')
    await backup(target, flags)
  })

program
  .command('compact')
  .description('Give the room of what was removed back to the disk, while no server has the data.')
  .option(...DATA)
  .option(...MONGODB)
  .action(async (flags) => {
    const { compact } = await import('./compact.ts')
    await compact(flags)
  })

program
  .command('verify')
  .description('Check every law of the store over all of the data, also while a server has it.')
  .option(...DATA)
  .option(...MONGODB)
  .action(async (flags) => {
    const { verify } = await import('./verify.ts')
    await verify(flags)
  })

const misplaced = misplacedFlags(process.argv.slice(2), process.env)
if (misplaced === null) await program.parseAsync()
else {
  console.error(misplaced)
  process.exitCode = 1
}
