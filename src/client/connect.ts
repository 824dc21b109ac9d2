import { openSocketLink } from './connection/socket-link.ts'
import { globalPlatform } from './platform.ts'
import type { ConnectOptions } from './connect-options.ts'
import { patchedValue } from './live/patched-value.ts'
import { WritableStore } from './readable.ts'
import { RemoteDatabase } from './remote-database.ts'
import type { NoSchema, Schema } from './typed/paths.ts'
import type { TypedClient } from './typed/typed-client.ts'

export { DatabaseError } from '../core/error.ts'
export type { Schema } from './typed/paths.ts'
export type {
  TypedBatch,
  TypedChange,
  TypedClient as Client,
  TypedDocument,
  TypedLiveDocument,
  TypedLiveState,
} from './typed/typed-client.ts'
export type { Op, Patch, Reverted, WriteResult } from '../core/database.ts'
export type { ConnectOptions } from './connect-options.ts'
export type { ConnectionStatus } from './connection/connection-status.ts'
export type { LiveDocument, LiveShape, LiveState } from './live/live-state.ts'
export type { ValueState } from './live/value-store.ts'
export type { ReadableStore } from './readable.ts'
export type { PendingOperation } from './writes/outbox.ts'

/**
 * A client of the server at `url`, such as `http://localhost:4747`. Nothing is sent before the first call. `S`: the
 * types of the values, by collection; default `Json`.
 */
export function connect<S extends Schema = NoSchema>(url: string, options?: ConnectOptions): TypedClient<S> {
  const platform = globalPlatform({ openSocket: openSocketLink, patches: new WritableStore(patchedValue) })
  return new RemoteDatabase(url, options ?? {}, platform) as unknown as TypedClient<S>
}
