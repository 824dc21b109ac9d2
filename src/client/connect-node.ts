import type { connect as connectBrowser } from './connect.ts'
import { openSocketLink } from './connection/socket-link.ts'
import { globalPlatform } from './platform.ts'
import type { ConnectOptions } from './connect-options.ts'
import { patchedValue } from './live/patched-value.ts'
import { WritableStore } from './readable.ts'
import { RemoteDatabase } from './remote-database.ts'
import type { Schema } from './typed/paths.ts'
import type { TypedClient } from './typed/typed-client.ts'

export { DatabaseError } from '../core/error.ts'

/** As `connect` of connect.ts, with the WebSockets of the package `ws`. */
export const connect: typeof connectBrowser = <S extends Schema>(url: string, options?: ConnectOptions) =>
  new RemoteDatabase(
    url,
    options ?? {},
    globalPlatform({ openSocket: openSocketLink, patches: new WritableStore(patchedValue), webSocket: nodeSocket }),
  ) as unknown as TypedClient<S>

/** Close code of a socket that is given up (graphql-ws). */
const TERMINATED = 4499

async function nodeSocket(): Promise<unknown> {
  const { WebSocket } = await import('ws')
  return class extends WebSocket {
    constructor(...args: ConstructorParameters<typeof WebSocket>) {
      super(...args)
      // A socket that is given up while it opens emits an error that nobody else listens to.
      this.on('error', () => {})
    }

    /** A socket that is given up does not wait for a peer that may be gone. */
    override close(code?: number, reason?: string): void {
      if (code === TERMINATED) this.terminate()
      else super.close(code, reason)
    }
  }
}
