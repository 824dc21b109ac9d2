import type { Client } from '../../../src/client/client.ts'
import { connect } from '../../../src/client/connect-node.ts'
import type { ConnectOptions } from '../../../src/client/connect-options.ts'
import type { DatabaseSubject } from '../../contract/database.ts'
import { serveMemory } from './served.ts'

/** The law of `skip`, with its reason. */
type Skips = NonNullable<DatabaseSubject['skip']>

interface ClientSubject {
  readonly name: string
  readonly options: ConnectOptions
  /** Whether the server takes WebSockets. Default true. */
  readonly sockets?: boolean
  readonly skip: Skips
}

/** The SDK under the contract: a client of a real server for each actor. */
export function clientSubject({ name, options, sockets = true, skip }: ClientSubject): DatabaseSubject {
  return {
    name,
    skip,
    // More than the batches that wait for a slow reader in the client.
    manyCommits: 900,
    open: async (opening = {}) => {
      const served = await serveMemory({ ...opening, sockets })
      const clients: Client[] = []
      const as = (actor?: string): Client => {
        const client = connect(served.url, { offlineMs: 1_000, ...options, actor })
        clients.push(client)
        return client
      }
      const db = as()
      return {
        db,
        as,
        dispose: async () => {
          await Promise.all(clients.map((client) => client.close()))
          await served.close()
        },
      }
    },
  }
}

/** Laws that need the reader and the database in one process. */
export const REMOTE_SKIPS: Skips = [
  { law: 'WR15', reason: 'its commits have the keys of the client as ids' },
  { law: 'KP5', reason: 'its commits have the keys of the client as ids, which a purge frees' },
  { law: 'FE2', reason: 'a heartbeat that waits for its reader may be older than a write that was answered since' },
  ...['EP10', 'LV5', 'LV7', 'LV8', 'LV9', 'LV10', 'LV11', 'WA7', 'WA8'].map((law) => ({
    law,
    reason: 'what a slow reader misses depends on what its connection has taken already',
  })),
  ...['LV12', 'SH7', 'WA11'].map((law) => ({
    law,
    reason: 'arguments of feeds are refused by the server, with the first batch, and not at the call',
  })),
  ...['SH15', 'WA12'].map((law) => ({ law, reason: 'objects are shared within a process only' })),
]

/** Laws that also need one connection for all. */
export const STREAM_SKIPS: Skips = [
  ...REMOTE_SKIPS,
  {
    law: 'IN1',
    reason: 'the server learns of the end of an event stream by the end of its connection, some time later',
  },
]
