import { resolve } from 'node:path'
import { LOG_LEVELS, type LogLevel } from './logger.ts'

/** Configuration of a server; `BOUNDS` and `readConfig` give the defaults. */
export interface Config {
  /** Host name or address to listen on. */
  readonly host: string
  /** Whether other machines may reach `host`, although there are no rights. */
  readonly insecure: boolean
  /** 0: any free port. */
  readonly port: number
  /** Data directory, as an absolute path; not used with `mongodb`. */
  readonly directory: string
  /** Connection string of a MongoDB that holds the data instead. */
  readonly mongodb?: string | undefined
  /** Whether the data is kept in memory alone, and lost at the end. Default false. */
  readonly memory?: boolean | undefined
  /** Origins whose pages may use this server beside its own, such as `https://app.example.com`; `*` is every origin. */
  readonly cors: readonly string[]
  readonly logLevel: LogLevel
  readonly bounds: Bounds
}

/** Bounds of what clients can make the server hold. */
export interface Bounds {
  /** UTF-8 bytes of an HTTP body. */
  readonly bodyBytes: number
  /** UTF-8 bytes of a WebSocket message. */
  readonly messageBytes: number
  /** Bytes that are held for all clients together: see `MemoryBudget`. */
  readonly inflightBytes: number
  /** Bytes of these that one connection may hold, and never more than half of what is free. */
  readonly inflightBytesPerConnection: number
  /** Queries and mutations that run at once, over all transports. */
  readonly operations: number
  /** Queries and mutations of one WebSocket that run at once; at this number the socket is paused. */
  readonly operationsPerSocket: number
  /** Subscriptions of one WebSocket. */
  readonly subscriptions: number
  /** Bytes in the send buffer of one WebSocket, beyond which no more messages are read from it. */
  readonly socketBufferBytes: number
  /** Queued requests of one connection (HTTP pipelining); with more it is closed. */
  readonly maxPipelined: number
  /** Open TCP connections. */
  readonly connections: number
  /** Time for the headers and the body of a request to arrive, or a WebSocket message. */
  readonly requestMs: number
  /** Time without progress while bytes are unsent; then the connection is closed. */
  readonly stallTimeoutMs: number
  /** Time for `connection_init` to arrive on a WebSocket. */
  readonly initMs: number
  /** Time between two pings; a WebSocket that answered none of two is closed when the third is due. */
  readonly pingMs: number
  /** Time for a clean stop. */
  readonly stopMs: number
}

export const BOUNDS: Bounds = {
  bodyBytes: 2_097_152,
  messageBytes: 2_097_152,
  inflightBytes: 67_108_864,
  inflightBytesPerConnection: 33_554_432,
  operations: 1_024,
  operationsPerSocket: 128,
  subscriptions: 100,
  socketBufferBytes: 4_194_304,
  maxPipelined: 128,
  connections: 16_384,
  requestMs: 10_000,
  stallTimeoutMs: 30_000,
  initMs: 3_000,
  pingMs: 12_000,
  stopMs: 10_000,
}

/** Flags of the command line; an undefined one is taken from the environment. */
export interface Flags {
  readonly host?: string | undefined
  readonly insecure?: boolean | undefined
  readonly port?: string | undefined
  readonly data?: string | undefined
  readonly mongodb?: string | undefined
  readonly memory?: boolean | undefined
  /** Comma-separated. */
  readonly cors?: string | undefined
}

type EnvironmentVariables = Readonly<Record<string, string | undefined>>

/** A sentence for the person who starts the server: what is wrong and what to do about it. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/**
 * The configuration from flags, then the environment (HOST, TIDEMARK_INSECURE, PORT, TIDEMARK_DATA, MONGODB_URL,
 * TIDEMARK_CORS, TIDEMARK_LOG), then defaults. Throws StartError.
 */
export function readConfig(flags: Flags, env: EnvironmentVariables): Config {
  if (flags.memory === true && (flags.data ?? flags.mongodb) !== undefined) {
    throw new StartError('With --memory nothing is kept: leave --data and --mongodb out, or --memory.')
  }
  return {
    host: readHost(flags.host ?? nonEmpty(env['HOST']) ?? '127.0.0.1'),
    insecure: flags.insecure ?? readSwitch('TIDEMARK_INSECURE', env),
    port: readPort(flags.port ?? nonEmpty(env['PORT']) ?? '4747'),
    mongodb: flags.memory === true ? undefined : readMongo(flags.mongodb ?? nonEmpty(env['MONGODB_URL'])),
    memory: flags.memory,
    directory: resolve(flags.data ?? nonEmpty(env['TIDEMARK_DATA']) ?? '.tidemark'),
    cors: readOrigins(flags.cors ?? nonEmpty(env['TIDEMARK_CORS']) ?? ''),
    logLevel: readLevel(nonEmpty(env['TIDEMARK_LOG']) ?? 'info'),
    bounds: BOUNDS,
  }
}

const nonEmpty = (text: string | undefined): string | undefined => (text === '' ? undefined : text)

/** Node takes an empty host for every address of the machine. */
function readHost(text: string): string {
  if (text.trim() !== '') return text
  throw new StartError(
    `The host ${JSON.stringify(text)} is not valid: give --host or HOST a name or an address, such as 127.0.0.1.`,
  )
}

/** An environment variable that is `true` or `false`, or `1` or `0`; default false. Throws StartError. */
export function readSwitch(name: string, env: EnvironmentVariables): boolean {
  const text = nonEmpty(env[name]) ?? 'false'
  if (text === '1' || text === 'true') return true
  if (text === '0' || text === 'false') return false
  throw new StartError(`${JSON.stringify(text)} is not valid: set ${name} to true or false.`)
}

function readPort(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new StartError(
    `The port ${JSON.stringify(text)} is not valid: give --port or PORT a number from 0 to 65535 (0 ` +
      'takes any free port).',
  )
}

function readMongo(url: string | undefined): string | undefined {
  if (url === undefined || /^mongodb(\+srv)?:\/\/./.test(url)) return url
  throw new StartError(
    'The MongoDB URL is not valid: write --mongodb or MONGODB_URL as mongodb://host/database?replicaSet=name.',
  )
}

/** The location of the data, for display: without the password of a URL; `memory` where it is kept nowhere else. */
export function dataOf({ directory, mongodb, memory }: Pick<Config, 'directory' | 'mongodb' | 'memory'>): string {
  if (memory === true) return 'memory'
  return mongodb === undefined ? directory : mongodb.replace(/\/\/[^/]*@/, '//').replace(/\?.*$/, '')
}

function readLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text)
  if (level !== undefined) return level
  throw new StartError(
    `The log level ${JSON.stringify(text)} is not valid: set TIDEMARK_LOG to one of ${LOG_LEVELS.join(', ')}.`,
  )
}

function readOrigins(text: string): readonly string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(readOrigin)
}

function readOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (text === '*' || url?.origin === text) return text
  throw new StartError(
    `The origin ${JSON.stringify(text)} is not valid: write --cors or TIDEMARK_CORS as ` +
      'http://localhost:5173, without a path, or as *.',
  )
}
