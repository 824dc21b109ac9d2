import { connect } from '../client/connect-node.ts'
import type { ConnectOptions } from '../client/connect-options.ts'
import type { NoSchema, Schema } from '../client/typed/paths.ts'
import type { TypedClient } from '../client/typed/typed-client.ts'
import { startServer } from '../server/start.ts'

/** An empty server of a test, and a client of it. */
export interface TestServer<S extends Schema = NoSchema> {
  /** Such as `http://127.0.0.1:40123`. */
  readonly url: string
  readonly client: TypedClient<S>
  /** Closes the client and the server; nothing is kept. */
  readonly close: () => Promise<void>
}

/**
 * Starts a server in memory on a free port of this machine, and connects to it: `options` are those of `connect`. Each
 * call starts one of its own, within 0.3 s.
 */
export async function testServer<S extends Schema = NoSchema>(options?: ConnectOptions): Promise<TestServer<S>> {
  const server = await startServer({ memory: true, host: '127.0.0.1', port: 0, logLevel: 'silent' })
  const client = connect<S>(server.url, options)
  return {
    url: server.url,
    client,
    close: async () => {
      await client.close()
      await server.close()
    },
  }
}
