import { dataOf, readConfig, readSwitch, StartError, type Config, type Flags } from '../server/config/config.ts'
import { openLog } from '../server/config/logger.ts'
import { packageVersion } from '../server/config/package-version.ts'
import { seedDemo } from '../server/demo-seed.ts'
import { startServer, type RunningServer } from '../server/start.ts'
import { stopOnSignals } from '../server/stop.ts'
import { startInBackground } from './start/background.ts'
import { openPage } from './start/open-page.ts'
import { isTaken, runningAt } from './start/running-server.ts'
import { linksOf, shownData, shownLinks, startBox } from './start/start-box.ts'
import { canReadKeys, readKeys } from './start/start-keys.ts'

/** npm forwards a signal that the whole process group got, as by Ctrl-C: the server gets it twice within this time. */
const NPM_REPEATS_MS = 1_000

interface StartFlags extends Flags {
  /** Whether new data is left empty. */
  readonly empty?: boolean | undefined
  /** Whether a server that runs already is enough. */
  readonly ifNeeded?: boolean | undefined
  /** Whether the demo is opened in a browser. */
  readonly open?: boolean | undefined
  /** Whether the server runs on in a process of its own. */
  readonly background?: boolean | undefined
}

/** `tidemark start`: serves until SIGINT or SIGTERM. A StartError is one line on stderr and exit code 1. */
export async function start(flags: StartFlags): Promise<void> {
  try {
    const config = readConfig(flags, process.env)
    const serving = flags.background === true ? serveInBackground(config, flags) : serve(config, flags)
    await serving.catch((error: unknown) => useRunning(error, config, flags))
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}

async function serve(config: Config, flags: StartFlags): Promise<void> {
  const log = openLog(config.logLevel)
  let isSeeded = false
  const isEmpty = flags.empty ?? readSwitch('TIDEMARK_EMPTY', process.env)
  const seed: typeof seedDemo = async (databaseOf) => {
    await seedDemo(databaseOf)
    isSeeded = true
  }
  const server = await startServer({ ...config, ...(!isEmpty && { seed }) }, log)
  const repeatMs = process.env['npm_lifecycle_event'] === undefined ? 0 : NPM_REPEATS_MS
  const stop = stopOnSignals(() => server.close(), log, repeatMs)
  announce(config, server, { isSeeded, stop })
  if (flags.open === true) openPage(shownLinks(server.url).demo)
}

async function serveInBackground(config: Config, { open }: StartFlags): Promise<void> {
  const { pid, url, line, log } = await startInBackground(config)
  const { demo } = shownLinks(url)
  if (!process.stdout.isTTY) console.log(line)
  else if (pid === null) console.log(runningLinks(url))
  else console.log(`The process ${pid} serves ${demo}, with its log in ${log}. ${stopCommand(config)} ends it.`)
  if (open === true) openPage(demo)
}

/** The command that ends the server of a data directory from here. */
function stopCommand(config: Config): string {
  const isDefault = dataOf(config) === dataOf(readConfig({}, {}))
  return isDefault ? 'tidemark stop' : `tidemark stop --data ${shownData(config)}`
}

/** Prints the addresses: as text on a terminal, which then also reads keys; as one JSON line to a pipe. */
function announce(
  config: Config,
  { url, warning }: RunningServer,
  { isSeeded, stop }: { readonly isSeeded: boolean; readonly stop: () => void },
): void {
  if (!process.stdout.isTTY) {
    const data = dataOf(config)
    const ready = { event: 'ready', name: 'tidemark', version: packageVersion(), ...linksOf(url), data }
    console.log(JSON.stringify({ ...ready, pid: process.pid }))
    return
  }
  const hasKeys = canReadKeys()
  const hasColors = (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb'
  const readyMs = performance.now()
  if (hasKeys) readKeys({ open: () => openPage(shownLinks(url).demo), stop })
  console.log(`\n${startBox({ config, url, warning, isSeeded, readyMs, hasKeys, hasColors })}`)
}

/** After a failed start: with `--if-needed`, a server that runs there is enough; else the sentence names its links. */
async function useRunning(error: unknown, config: Config, { ifNeeded, open }: StartFlags): Promise<void> {
  if (!(error instanceof StartError) || !isTaken(error)) throw error
  const url = await runningAt(config)
  if (url === null) throw error
  const links = runningLinks(url)
  if (ifNeeded !== true) throw new StartError(`${error.message} ${links}`, { cause: error })
  console.log(process.stdout.isTTY ? links : JSON.stringify({ event: 'running', ...linksOf(url) }))
  if (open === true) openPage(shownLinks(url).demo)
}

function runningLinks(url: string): string {
  const { demo, graphql } = shownLinks(url)
  return `A Tidemark runs there already: its demo is at ${demo}, its GraphQL at ${graphql}.`
}
