import type { Database } from '../../../src/core/database.ts'
import { openLog } from '../../../src/server/config/logger.ts'
import { seedDemo } from '../../../src/server/demo-seed.ts'
import { startServer } from '../../../src/server/start.ts'
import { overridden } from '../database/overridden.ts'

const [directory = '', steps = '0'] = process.argv.slice(2)
let left = Number(steps)

/** The database, which ends this process with SIGKILL in the place of a step. */
function killing(db: Database): Database {
  return overridden(db, {
    transact: async (...args) => {
      if (left-- === 0) process.kill(process.pid, 'SIGKILL')
      return db.transact(...args)
    },
  })
}

// Prints a line when more steps were asked for than there are.
await startServer(
  {
    port: 0,
    directory,
    seed: async (databaseOf) => {
      await seedDemo((actor) => killing(databaseOf(actor)))
      if (left === 0) process.kill(process.pid, 'SIGKILL')
    },
  },
  openLog('silent'),
)
console.log('ready')
process.exit(0)
