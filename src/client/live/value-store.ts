import type { DatabaseError } from '../../core/error.ts'
import type { Json } from '../../core/json/json.ts'
import type { ConnectionStatus } from '../connection/connection-status.ts'
import { toDatabaseError } from '../operations/remote-errors.ts'
import { WritableStore, type ReadableStore } from '../readable.ts'
import { LINGER_MS } from './live-state.ts'

/** The state of a value store. */
export interface ValueState<Value = Json> {
  readonly status: 'loading' | 'live' | 'stale' | 'error'
  /** Null when nothing is there, and while it is loading. */
  readonly value: Value | null
  readonly error: DatabaseError | null
}

/** The state before the first value. */
export const VALUE_LOADING: ValueState<never> = { status: 'loading', value: null, error: null }

/** A store of the values of a feed that begins with the first subscriber. */
export function openValueStore<Value>(
  watch: (signal: AbortSignal) => AsyncIterableIterator<{ readonly value: Value }>,
  connection: ReadableStore<ConnectionStatus>,
): ReadableStore<ValueState<Value>> {
  let abort: AbortController | null = null
  let linger: ReturnType<typeof setTimeout> | undefined
  const store = new WritableStore<ValueState<Value>>(VALUE_LOADING, (isUsed) => {
    clearTimeout(linger)
    if (isUsed && abort === null) {
      abort = new AbortController()
      void followValue(store, watch(abort.signal), { connection, signal: abort.signal })
    }
    if (isUsed) return
    linger = setTimeout(() => {
      abort?.abort()
      abort = null
      store.set(VALUE_LOADING)
    }, LINGER_MS)
  })
  return store
}

async function followValue<Value>(
  store: WritableStore<ValueState<Value>>,
  values: AsyncIterable<{ readonly value: Value }>,
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
