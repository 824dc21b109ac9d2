import { MongoClient, MongoParseError, MongoServerSelectionError, type MongoClientOptions } from 'mongodb'
import { DatabaseError } from '../../core/error.ts'
import { codeOf, failureOf, unavailable } from './failure.ts'

/** Timeouts of the driver, ms: short enough that a call can retry once within its own timeout. */
export interface DriverTimeouts {
  readonly selectMs: number
  readonly socketMs: number
}

/**
 * `socketMs` of the client that makes indexes. A build that takes longer goes on in the server, and the next opening
 * waits for the rest of it.
 */
export const INDEX_SOCKET_MS = 60_000

/** BAD_REQUEST about the connection string, which the message does not show. */
export function badUrl(why: string, cause?: unknown): DatabaseError {
  return new DatabaseError('BAD_REQUEST', `The MongoDB URL cannot be used: ${why}.`, { argument: 'url', cause })
}

function weakConcern(why: string): DatabaseError {
  return badUrl(`${why}; leave it out: majority concerns and reads from the primary are always used`)
}

function parse(url: string): MongoClientOptions {
  try {
    return new MongoClient(url).options
  } catch (error) {
    const why =
      error instanceof MongoParseError || error instanceof Error ? error.message : 'it is not a connection string'
    // The message may quote the URL, and the URL a password.
    throw badUrl(why.replaceAll(url, '…').replace(/\/\/[^@/]*@/g, '//…@'), error)
  }
}

/** Throws BAD_REQUEST for a connection string with weaker concerns than the laws need. */
function checkUrl(url: string): void {
  const { writeConcern, readConcern, readPreference } = parse(url)
  const w = writeConcern?.w
  if (w !== undefined && w !== 'majority') throw weakConcern(`w=${String(w)} would lose acknowledged writes`)
  if (writeConcern?.journal === false) throw weakConcern('journal=false would lose acknowledged writes')
  const level = (readConcern as { readonly level?: string } | undefined)?.level
  if (level === 'local' || level === 'available') {
    throw weakConcern(`readConcernLevel=${level} would show what may be rolled back`)
  }
  const mode = typeof readPreference === 'string' ? readPreference : readPreference?.mode
  if (mode !== undefined && mode !== 'primary') throw weakConcern(`readPreference=${mode} would show old states`)
}

/** A client that has not connected yet. Throws BAD_REQUEST for an invalid connection string. */
export function clientOf(url: string, { selectMs, socketMs }: DriverTimeouts, maxPoolSize: number): MongoClient {
  checkUrl(url)
  return new MongoClient(url, {
    appName: 'tidemark',
    maxPoolSize,
    retryReads: true,
    retryWrites: true,
    ignoreUndefined: true,
    serverSelectionTimeoutMS: selectMs,
    connectTimeoutMS: selectMs,
    waitQueueTimeoutMS: selectMs,
    socketTimeoutMS: socketMs,
    heartbeatFrequencyMS: 2_000,
  })
}

/** UNAVAILABLE with the reason why connecting failed, and its remedy. */
export function connectFailure(error: unknown): unknown {
  const reason = error instanceof MongoServerSelectionError ? error.reason : undefined
  const servers = [...(reason?.servers.values() ?? [])]
  const causes = [error, error instanceof Error ? error.cause : null, ...servers.map((server) => server.error)]
  if (causes.some((cause) => codeOf(cause) === 18)) {
    return unavailable('it refuses the user name or the password of the URL; correct them, or the authSource', error)
  }
  if (servers.some(({ type }) => type === 'RSSecondary' || type === 'RSOther' || type === 'RSArbiter')) {
    return unavailable('the replica set has no primary; writing and reading go on when it has elected one', error)
  }
  // The driver drops a server that is not a member of the replica set that the URL names.
  if (reason !== undefined && servers.length === 0) return standalone()
  if (reason !== undefined) {
    return unavailable('no server answers at the address of the URL; start it, or correct the address', error)
  }
  return failureOf(error)
}

/** UNAVAILABLE for a server that is not in a replica set. */
export function standalone(): DatabaseError {
  return unavailable(
    'it is a standalone server, or of another replica set than the URL says, and change streams need a ' +
      'replica set; start mongod with --replSet and run rs.initiate()',
  )
}
