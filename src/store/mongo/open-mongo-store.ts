import type { MongoClient } from 'mongodb'
import { checkClock, checkMembers } from './deployment/greeting.ts'
import { clientOf, connectFailure, standalone, type DriverTimeouts } from './mongo-client.ts'
import { MongoConnection } from './mongo-connection.ts'
import { MongoStore, type MongoStoreOptions } from './mongo-store.ts'
import { probeStreams } from './read/commit-notifier.ts'

/** `maxAwaitTimeMS` of the change stream: the server then replies without an event, ms. */
const MAX_AWAIT_MS = 1_000

/**
 * Opens a store on MongoDB. Rejects with UNAVAILABLE, whose message names the reason, when there is no server, no
 * replica set or no access, and with BAD_REQUEST when the URL asks for weaker concerns. It may be called again after a
 * rejection.
 */
export async function openMongoStore(options: MongoStoreOptions): Promise<MongoStore> {
  const callMs = options.callMs ?? 4_000
  // A read is tried twice within the timeout of one call, which is longer than the time after which a command is lost.
  const timeouts: DriverTimeouts = { selectMs: Math.floor(callMs * 0.5), socketMs: Math.floor(callMs * 0.55) }
  const lostMs = Math.floor(callMs * 0.75)
  const connect = (socketMs = timeouts.socketMs): MongoClient =>
    clientOf(options.url, { ...timeouts, socketMs }, options.poolSize ?? 50)
  const connection = new MongoConnection({ connect, database: options.database, readMs: timeouts.selectMs, lostMs })
  try {
    const greeting = await connection.connect()
    checkMembers(greeting, connection.isDirect)
    const skew = checkClock(greeting)
    const mode = await probeStreams(connection)
    if (mode === null) throw standalone()
    await connection.makeIndexes()
    await connection.confirmPrimary()
    if (skew !== null) options.onStatus?.(skew)
    const awaitMs = Math.min(MAX_AWAIT_MS, Math.floor(timeouts.socketMs / 2))
    return new MongoStore({ connection, mode, connect, callMs, lostMs, awaitMs, options })
  } catch (error) {
    await connection.close()
    throw connectFailure(error)
  }
}
