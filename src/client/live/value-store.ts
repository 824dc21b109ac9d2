import type { ObservedValue } from '../../core/database.ts'
import type { DatabaseError } from '../../core/error.ts'
import type { Json } from '../../core/json/json.ts'
import type { ConnectionStatus } from '../connection/connection-status.ts'
import { toDatabaseError } from '../operations/remote-errors.ts'
import { WritableStore, type ReadableStore } from '../readable.ts'

/** The state of a value store. */
export interface ValueState {
  readonly status: 'loading' | 'live' | 'stale' | 'error'
  /** Null when nothing is there, and while it is loading. */
  readonly value: Json
  readonly error: DatabaseError | null
}

/** The feed stays for so long after the last subscriber left, ms. */
const VALUE_LINGER_MS = 5_000

/** A store of the values of a `watch` that begins with the first subscriber. */
export function openValueStore(
  watch: (signal: AbortSignal) => AsyncIterableIterator<ObservedValue>,
  connection: ReadableStore<ConnectionStatus>,
): ReadableStore<ValueState> {
  let abort: AbortController | null = null
  let linger: ReturnType<typeof setTimeout> | undefined
  const store = new WritableStore<ValueState>({ status: 'loading', value: null, error: null }, (isUsed) => {
    clearTimeout(linger)
    if (isUsed && abort === null) {
      abort = new AbortController()
      void followValue(store, watch(abort.signal), { connection, signal: abort.signal })
    }
    if (isUsed) return
    linger = setTimeout(() => {
      abort?.abort()
      abort = null
    }, VALUE_LINGER_MS)
  })
  return store
}

async function followValue(
  store: WritableStore<ValueState>,
  values: AsyncIterable<ObservedValue>,
  { connection, signal }: { readonly connection: ReadableStore<ConnectionStatus>; readonly signal: AbortSignal },
): Promise<void> {
  const leave = connection.subscribe(({ status }) => {
    const last = store.get()
    if (last.status !== 'live' && last.status !== 'stale') return
    const next = status === 'live' ? 'live' : 'stale'
    if (next !== last.status) store.set({ ...last, status: next })
  })
  try {
    for await (const { value } of values) store.set({ status: 'live', value, error: null })
  } catch (error) {
    if (signal.aborted) return
    store.set({ status: 'error', value: null, error: toDatabaseError(error) })
  } finally {
    leave()
  }
}
