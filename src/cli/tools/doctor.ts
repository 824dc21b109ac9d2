import { execFileSync } from 'node:child_process'
import { access, constants, mkdtemp, rm, statfs, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { dataOf, readConfig, type Config } from '../../server/config/config.ts'
import { dataOwner } from '../../server/upkeep.ts'
import { systemCodeOf } from '../run/client.ts'
import { shown } from '../run/colour.ts'
import { nodeFetch } from '../run/http.ts'
import type { Invocation } from '../run/invocation.ts'
import { targetOf } from '../run/target.ts'

interface DoctorFlags {
  readonly data?: string | undefined
  readonly mongodb?: string | undefined
  readonly port?: string | undefined
}

/** The result of a look at one thing. */
interface Finding {
  readonly isFine: boolean
  /** The state, and where it is not fine, the remedy. */
  readonly text: string
}

type Look = (config: Config, given: Invocation<DoctorFlags>) => Finding | Promise<Finding>

const fine = (text: string): Finding => ({ isFine: true, text })
const wrong = (text: string): Finding => ({ isFine: false, text })

const LEAST_FREE_BYTES = 1_073_741_824
const LEAST_FILES = 1_024
const MOST_SKEW_MS = 5_000
const ANSWER_MS = 3_000

const LOOKS: Readonly<Record<string, Look>> = {
  node: () => lookAtNode(process.versions.node),
  data: lookAtDirectory,
  lock: lookAtLock,
  disk: lookAtDisk,
  port: lookAtPort,
  mongodb: lookAtMongodb,
  clock: lookAtClock,
  files: lookAtFiles,
}

/** `tidemark doctor`: looks at what a server needs here; exit code 1 when something is wrong. */
export async function runDoctor(given: Invocation<DoctorFlags>): Promise<number> {
  const { flags, env, output } = given
  const config = readConfig(flags, env)
  const rows = output.many()
  let exitCode = 0
  for (const [name, look] of Object.entries(LOOKS)) {
    const { isFine, text } = await look(config, given)
    if (!isFine) exitCode = 1
    await rows.row({ name, ok: isFine, text }, () => {
      return `${isFine ? output.paint('green', '✓') : output.paint('red', '✗')} ${name.padEnd(8)} ${shown(text)}`
    })
  }
  await rows.end()
  return exitCode
}

function lookAtNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isEnough = major > 20 || (major === 20 && minor >= 19)
  return isEnough ? fine(version) : wrong(`${version}: install 20.19 or newer from https://nodejs.org`)
}

/** The directory, or the nearest one above it that is there. */
async function existing(directory: string): Promise<string> {
  const isThere = await stat(directory).then(
    () => true,
    () => false,
  )
  return isThere || directory === dirname(directory) ? directory : existing(dirname(directory))
}

async function lookAtDirectory({ directory, mongodb }: Config): Promise<Finding> {
  if (mongodb !== undefined) return fine('in the MongoDB')
  const nearest = await existing(directory)
  try {
    await access(nearest, constants.W_OK | constants.X_OK)
    await rm(await mkdtemp(join(nearest, '.tidemark-doctor-')), { recursive: true })
    return fine(nearest === directory ? `${directory} can be written` : `${directory} is made at the first start`)
  } catch (error) {
    return wrong(`${nearest} cannot be written (${systemCodeOf(error)}): choose another directory with --data`)
  }
}

function lookAtLock({ directory, mongodb }: Config): Finding {
  if (mongodb !== undefined) return fine('none is needed')
  try {
    const owner = dataOwner(directory)
    return fine(owner === null ? 'no server has the data' : `the process ${owner.pid} on ${owner.host} has the data`)
  } catch (error) {
    return wrong(`the lock cannot be tried (${systemCodeOf(error)}): keep the data on a disk of this machine`)
  }
}

async function lookAtDisk({ directory, mongodb }: Config): Promise<Finding> {
  if (mongodb !== undefined) return fine('in the MongoDB')
  const { bavail, bsize } = await statfs(await existing(directory))
  const text = `${((bavail * bsize) / 1e9).toFixed(1)} GB are free`
  return bavail * bsize >= LEAST_FREE_BYTES
    ? fine(text)
    : wrong(`${text}: make room, or choose another disk with --data`)
}

async function lookAtPort({ host, port, directory }: Config): Promise<Finding> {
  const server = createServer()
  const problem = await new Promise<string | null>((resolve) => {
    server.once('error', (error) => resolve(systemCodeOf(error)))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)))
  })
  if (problem === null) return fine(`${port} on ${host} is free`)
  const isServed = problem === 'EADDRINUSE' && dataOwner(directory) !== null
  if (isServed) return fine(`${port} on ${host} is in use, by a server`)
  return wrong(`${port} on ${host} cannot be used (${problem}): choose another one with --port`)
}

async function lookAtMongodb({ mongodb, ...config }: Config): Promise<Finding> {
  if (mongodb === undefined) return fine('none is used')
  const shownUrl = dataOf({ ...config, mongodb })
  try {
    const { MongoClient } = await import('mongodb')
    const client = new MongoClient(mongodb, { serverSelectionTimeoutMS: ANSWER_MS })
    try {
      const { setName } = (await client.db().admin().command({ hello: 1 })) as { readonly setName?: string }
      return setName === undefined
        ? wrong(`${shownUrl} is no replica set: start mongod with --replSet, and run rs.initiate()`)
        : fine(`${shownUrl} is the replica set ${setName}`)
    } finally {
      await client.close()
    }
  } catch {
    return wrong(`${shownUrl} does not answer: start it, or correct --mongodb`)
  }
}

/** Compares this clock with the one of the server, as far as its answers tell: in seconds. */
async function lookAtClock(_: Config, { flags, env, signal }: Invocation<DoctorFlags>): Promise<Finding> {
  const { data = env['TIDEMARK_DATA'], ...others } = flags
  const { url } = await targetOf(others, { ...env, TIDEMARK_DATA: data })
  try {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
    const response = await nodeFetch(`${url}/livez`, { signal: bounded })
    await response.text()
    const skewMs = Math.abs(Date.parse(response.headers.get('date') ?? '') - Date.now())
    const text = `${Math.round(skewMs / 1_000)} s from that of ${url}`
    return skewMs > MOST_SKEW_MS ? wrong(`${text}: let NTP set both`) : fine(text)
  } catch {
    return fine(`not compared, as no server answers at ${url}`)
  }
}

function lookAtFiles(): Finding {
  if (process.platform === 'win32') return fine('not bounded')
  const text = execFileSync('/bin/sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim()
  const isEnough = text === 'unlimited' || Number(text) >= LEAST_FILES
  return isEnough ? fine(`${text} may be open`) : wrong(`${text} may be open: allow ${LEAST_FILES} with ulimit -n`)
}
