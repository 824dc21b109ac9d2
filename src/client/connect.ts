import { openSocketLink } from './connection/socket-link.ts'
import { globalPlatform } from './platform.ts'
import type { ConnectOptions } from './connect-options.ts'
import { RemoteDatabase } from './remote-database.ts'
import type { Client } from './client.ts'

export { DatabaseError } from '../core/error.ts'
export type { Client } from './client.ts'
export type { ConnectOptions } from './connect-options.ts'
export type { LiveDocument, LiveShape, LiveState } from './live/live-state.ts'
export type { ReadableStore } from './readable.ts'

/** A client of the server at `url`, such as `http://localhost:4747`. Nothing is sent before the first call. */
export function connect(url: string, options?: ConnectOptions): Client {
  return new RemoteDatabase(url, options ?? {}, globalPlatform({ openSocket: openSocketLink }))
}
