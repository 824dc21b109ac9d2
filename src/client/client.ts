import type { Database, WriteResult } from '../core/database.ts'
import type { Cursor, InterruptMatch } from '../core/database/options.ts'
import type { Json } from '../core/json/json.ts'
import type { ConnectionStatus } from './connection/connection-status.ts'
import type { ReadableStore } from './readable.ts'
import type { LiveShape, LiveState } from './live/live-state.ts'
import type { ValueState } from './live/value-store.ts'
import type { PendingOperation } from './writes/outbox.ts'

/** Ends the wait of one call. */
export interface Cancellation {
  /** Aborting it rejects the call with the signal's reason; what was sent may be done nevertheless. */
  readonly signal?: AbortSignal | undefined
}

/** How a write is shown and awaited. */
export interface RemoteWriteOptions extends Cancellation {
  /** Whether live stores show it before the server has answered. Default true. */
  readonly optimistic?: boolean | undefined
}

/** The parameters of a method, with more options in its last one. */
type WithOptions<Method, Extra> = Method extends (...args: infer Args extends readonly unknown[]) => infer Result
  ? (...args: Extended<Args, Extra>) => Result
  : never

type Extended<Args extends readonly unknown[], Extra> =
  Required<Args> extends readonly [...infer Head, infer Last]
    ? Args extends readonly [...Head, Last]
      ? [...head: Head, options: Last & Extra]
      : [...head: Head, options?: NonNullable<Last> & Extra]
    : never

type Reads = 'get' | 'document' | 'documents' | 'history' | 'collections' | 'diff' | 'log'
type Writes = 'post' | 'put' | 'patch' | 'delete' | 'restore' | 'revert' | 'purge' | 'transact'

type RemoteReads = { readonly [Verb in Reads]: WithOptions<Database[Verb], Cancellation> }
type RemoteWrites = { readonly [Verb in Writes]: WithOptions<Database[Verb], RemoteWriteOptions> }

/** How often `update` tries again after a CONFLICT. */
export interface UpdateOptions extends Cancellation {
  /** Default 10. */
  readonly attempts?: number | undefined
}

/**
 * A database behind a server. Each write is sent until it is answered, and done once; reads are repeated while no
 * server answers; feeds go on after a broken connection, and lose nothing. After the time of `offlineMs`, UNREACHABLE.
 */
export interface Client extends RemoteReads, RemoteWrites, Omit<Database, Reads | Writes> {
  interrupt(match: InterruptMatch, options?: Cancellation): Promise<number>
  /**
   * Replaces a document by what `change` makes of its value (null: nothing is there), and tries again when somebody
   * else wrote meanwhile. Rejects with the last CONFLICT after all attempts.
   */
  update(path: string, change: (value: Json) => Json, options?: UpdateOptions): Promise<WriteResult>
  /** The documents of a shape, with the writes that wait for an answer. Equal shapes are followed once. */
  liveStore(shape: LiveShape): ReadableStore<LiveState>
  /** The value at a path, as `watch` gives it. */
  valueStore(path: string, options?: { readonly depth?: number | undefined }): ReadableStore<ValueState>
  /** Resolves when every live store in use has seen this cursor. */
  synced(cursor: Cursor, options?: Cancellation): Promise<void>
  readonly connection: ReadableStore<ConnectionStatus>
  /** Makes the next attempt to connect at once, as for a button "Try again"; does nothing when none is due. */
  retryNow(): void
  /** Writes without an answer, then the last hundred that were refused. */
  readonly writes: ReadableStore<readonly PendingOperation[]>
  /** Removes what the cache holds, as at a log-out; this client stores nothing any more. */
  forget(): Promise<void>
  /** Ends everything: what waits is rejected with UNREACHABLE. */
  close(): Promise<void>
}
