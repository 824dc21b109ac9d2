import { dataOf, readConfig, StartError, type Config, type Flags } from '../server/config/config.ts'
import { seedDemo } from '../server/demo-seed.ts'
import { ROUTES } from '../server/http/http-server.ts'
import { openLog } from '../server/config/logger.ts'
import { startServer, type RunningServer } from '../server/start.ts'
import { stopOnSignals } from '../server/stop.ts'
import { packageVersion } from '../server/config/package-version.ts'

/** npm forwards a signal that the whole process group got, as by Ctrl-C: the server gets it twice within this time. */
const NPM_REPEATS_MS = 1_000

/** `tidemark start`: serves until SIGINT or SIGTERM. A StartError is one line on stderr and exit code 1. */
export async function start(flags: Flags): Promise<void> {
  try {
    const config = readConfig(flags, process.env)
    const log = openLog(config.logLevel)
    const server = await startServer({ ...config, seed: seedDemo }, log)
    stopOnSignals(() => server.close(), log, process.env['npm_lifecycle_event'] === undefined ? 0 : NPM_REPEATS_MS)
    announce(config, server)
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}

/** Prints the addresses: as text on a terminal, as one JSON line to a pipe. */
function announce(config: Config, { url, warning }: RunningServer): void {
  const { name, version, graphql, playground, data } = describe(config, url)
  if (process.stdout.isTTY) {
    console.log(
      `${name} ${version}\n\n  GraphQL     ${graphql}\n  WebSocket   ${graphql.replace(/^http/, 'ws')}\n ` +
        ` Playground  ${playground}\n  Data        ` +
        `${data}\n${warning === null ? '' : `  Warning     ${warning}\n`}`,
    )
  } else {
    console.log(JSON.stringify({ event: 'ready', name, version, url, graphql, playground, data, pid: process.pid }))
  }
}

interface Description {
  readonly name: string
  readonly version: string
  readonly graphql: string
  readonly playground: string
  readonly data: string
}

function describe(config: Config, url: string): Description {
  return {
    name: 'tidemark',
    version: packageVersion(),
    graphql: url + ROUTES.graphql,
    playground: url + ROUTES.playground,
    data: dataOf(config),
  }
}
