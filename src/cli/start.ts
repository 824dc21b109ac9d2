import { DatabaseError } from '../core/error.ts'
import { dataOf, readConfig, readSwitch, StartError, type Config, type Flags } from '../server/config/config.ts'
import { openLog } from '../server/config/logger.ts'
import { packageVersion } from '../server/config/package-version.ts'
import { seedDemo } from '../server/demo-seed.ts'
import { addressIn } from '../server/config/address-note.ts'
import { startServer, type RunningServer } from '../server/start.ts'
import { stopOnSignals } from '../server/stop.ts'
import { startInBackground } from './start/background.ts'
import { openPage } from './start/open-page.ts'
import type { Invocation } from './run/invocation.ts'
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

/** `tidemark start`: serves until SIGINT or SIGTERM; resolves when the server takes requests. */
export async function runStart(given: Invocation<StartFlags>): Promise<void> {
  const config = readConfig(given.flags, given.env)
  const serving = given.flags.background === true ? serveInBackground(config, given) : serve(config, given)
  await serving.catch((error: unknown) => useRunning(error, config, given))
}

async function serve(config: Config, given: Invocation<StartFlags>): Promise<void> {
  const { flags, env } = given
  const log = openLog(config.logLevel, process.stderr.isTTY ? 'text' : 'json')
  let isSeeded = false
  const isEmpty = flags.empty ?? readSwitch('TIDEMARK_EMPTY', env)
  const seed: typeof seedDemo = async (databaseOf) => {
    await seedDemo(databaseOf)
    isSeeded = true
  }
  const server = await startServer({ ...config, ...(!isEmpty && { seed }) }, log)
  const repeatMs = env['npm_lifecycle_event'] === undefined ? 0 : NPM_REPEATS_MS
  const stop = stopOnSignals(() => server.close(), log, repeatMs)
  await announce(given, { config, server, isSeeded, stop })
  if (flags.open === true) openPage(shownLinks(server.url).demo)
}

async function serveInBackground(config: Config, { flags, output }: Invocation<StartFlags>): Promise<void> {
  const { pid, url, line, log } = await startInBackground(config)
  const { demo } = shownLinks(url)
  await output.one(JSON.parse(line), () => {
    if (pid === null) return runningLinks(url)
    return `The process ${pid} serves ${demo}, with its log in ${log}. ${stopCommand(config)} ends it.`
  })
  if (flags.open === true) openPage(demo)
}

/** The command that ends the server of a data directory from here. */
function stopCommand(config: Config): string {
  const isDefault = dataOf(config) === dataOf(readConfig({}, {}))
  return isDefault ? 'tidemark stop' : `tidemark stop --data ${shownData(config)}`
}

interface Started {
  readonly config: Config
  readonly server: RunningServer
  readonly isSeeded: boolean
  readonly stop: () => void
}

/** Prints the addresses: as text on a terminal, which then also reads keys; as one JSON line to a pipe. */
async function announce({ output, env }: Invocation, { config, server, isSeeded, stop }: Started): Promise<void> {
  const { url, warning } = server
  const isText = output.format === 'text'
  const hasKeys = isText && canReadKeys()
  const hasColors = process.stdout.isTTY && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
  const readyMs = performance.now()
  if (hasKeys) readKeys({ open: () => openPage(shownLinks(url).demo), stop })
  const ready = { event: 'ready', name: 'tidemark', version: packageVersion(), ...linksOf(url), data: dataOf(config) }
  await output.one(
    { ...ready, pid: process.pid },
    () => `\n${startBox({ config, url, isPublic: warning !== null, isSeeded, readyMs, hasKeys, hasColors })}`,
  )
  await output.flush()
}

/** After a failed start: with `--if-needed`, a server that runs there is enough; else the sentence names its links. */
async function useRunning(error: unknown, config: Config, { flags, output }: Invocation<StartFlags>): Promise<void> {
  if (!(error instanceof StartError) || !isTaken(error)) throw error
  const isDataTaken = error.cause instanceof DatabaseError
  const url = isDataTaken ? ((await addressIn(config.directory))?.url ?? null) : await runningAt(config)
  if (url === null) throw error
  const links = runningLinks(url)
  if (flags.ifNeeded !== true) throw new StartError(`${error.message} ${links}`, { cause: error.cause })
  await output.one({ event: 'running', ...linksOf(url) }, () => links)
  if (flags.open === true) openPage(shownLinks(url).demo)
}

function runningLinks(url: string): string {
  const { demo, graphql } = shownLinks(url)
  return `A Tidemark runs there already: its demo is at ${demo}, its GraphQL at ${graphql}.`
}
