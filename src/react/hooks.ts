import { createContext, createElement, useContext, useMemo, useSyncExternalStore, type ReactNode } from 'react'
import type { Document } from '../core/database.ts'
import type { Client } from '../client/client.ts'
import type { ConnectionStatus } from '../client/connection/connection-status.ts'
import { LIVE_LOADING, type LiveShape, type LiveState } from '../client/live/live-state.ts'
import { VALUE_LOADING, type ValueState } from '../client/live/value-store.ts'
import type { ReadableStore } from '../client/readable.ts'
import type { At, InCollection, Known, NoSchema, Schema } from '../client/typed/paths.ts'
import type {
  ShownValue,
  TypedClient,
  TypedDocument,
  TypedLiveShape,
  TypedLiveState,
} from '../client/typed/typed-client.ts'
import type { PendingOperation } from '../client/writes/outbox.ts'
import { historyStoreOf, valueStoreOf } from './kept-stores.ts'

/** A client of any schema. */
export type AnyClient = Pick<Client, 'connection' | 'writes' | 'close'>

/** The versions of a document or a field, the oldest first. */
export type HistoryState<Value> = ValueState<readonly TypedDocument<Value | null>[]>

/** The hooks for a schema. Each is called below a TidemarkProvider, else it throws; null as a path follows nothing. */
export interface Hooks<S extends Schema> {
  /** Gives a client to the components below it. */
  readonly TidemarkProvider: (props: { readonly client: AnyClient; readonly children?: ReactNode }) => ReactNode
  readonly useClient: () => TypedClient<S>
  /** The documents of a shape; equal shapes are followed once. `match` is taken from the first call for a shape. */
  readonly useLive: {
    <P extends string>(path: Known<S, P> | null): TypedLiveState<InCollection<S, P>>
    <P extends string, Shape extends Pick<LiveShape, 'depth'>>(
      shape: (TypedLiveShape<S, P> & Shape) | null,
    ): TypedLiveState<ShownValue<S, P, Shape>>
  }
  /** The value at a path, as `get` gives it. `depth`: levels of nested collections, default all. */
  readonly useValue: <P extends string>(
    path: Known<S, P> | null,
    options?: { readonly depth?: number | undefined },
  ) => ValueState<At<S, P>>
  /** The last so many versions; read again when something there was written. */
  readonly useHistory: <P extends string>(
    path: Known<S, P> | null,
    options: { readonly last: number },
  ) => HistoryState<InCollection<S, P>>
  readonly useConnection: () => ConnectionStatus
  /** Writes without an answer, and those that were refused. */
  readonly useWrites: () => readonly PendingOperation[]
}

const ClientContext = createContext<Client | null>(null)

const NOT_CONNECTED: ConnectionStatus = { status: 'idle', transport: 'ws', since: 0, retryAt: null, pending: 0 }
const NO_WRITES: readonly PendingOperation[] = []

/** The value of a store; `initial`: that of no store, of a server, and of a page until it is hydrated. */
function useReadable<T>(store: ReadableStore<T> | null, initial: T): T {
  const [subscribe, read] = useMemo(
    () => [
      (run: () => void): (() => void) => store?.subscribe(run) ?? (() => {}),
      (): T => (store === null ? initial : store.get()),
    ],
    [store, initial],
  )
  return useSyncExternalStore(subscribe, read, () => initial)
}

function useProvided(): Client {
  const client = useContext(ClientContext)
  if (client === null) throw new Error('A hook of Tidemark needs <TidemarkProvider client={connect(url)}> above it.')
  return client
}

function useLiveShape(given: LiveShape | string | null): LiveState {
  const client = useProvided()
  const shape = typeof given === 'string' ? { path: given } : given
  // A literal is a new object each time that a component renders: its text tells whether it is another shape.
  const store = useMemo(() => shape && client.liveStore(shape), [client, JSON.stringify(shape)])
  return useReadable(store, LIVE_LOADING)
}

function useValueAt(path: string | null, { depth }: { readonly depth?: number | undefined } = {}): ValueState {
  const client = useProvided()
  const store = path === null ? null : valueStoreOf(client, path, depth)
  return useReadable<ValueState>(store, VALUE_LOADING)
}

function useHistoryOf(path: string | null, { last }: { readonly last: number }): ValueState<readonly Document[]> {
  const client = useProvided()
  const store = path === null ? null : historyStoreOf(client, path, last)
  return useReadable<ValueState<readonly Document[]>>(store, VALUE_LOADING)
}

const HOOKS = {
  TidemarkProvider: ({ client, children }: { readonly client: AnyClient; readonly children?: ReactNode }): ReactNode =>
    createElement(ClientContext.Provider, { value: client as Client }, children),
  useClient: useProvided,
  useLive: useLiveShape,
  useValue: useValueAt,
  useHistory: useHistoryOf,
  useConnection: (): ConnectionStatus => useReadable(useProvided().connection, NOT_CONNECTED),
  useWrites: (): readonly PendingOperation[] => useReadable(useProvided().writes, NO_WRITES),
}

/** The hooks with the types of a schema; they have the same provider as those of this module. */
export function createHooks<S extends Schema>(): Hooks<S> {
  return HOOKS as unknown as Hooks<S>
}

const untyped = createHooks<NoSchema>()

export const TidemarkProvider: Hooks<NoSchema>['TidemarkProvider'] = untyped.TidemarkProvider
export const useClient: Hooks<NoSchema>['useClient'] = untyped.useClient
export const useLive: Hooks<NoSchema>['useLive'] = untyped.useLive
export const useValue: Hooks<NoSchema>['useValue'] = untyped.useValue
export const useHistory: Hooks<NoSchema>['useHistory'] = untyped.useHistory
export const useConnection: Hooks<NoSchema>['useConnection'] = untyped.useConnection
export const useWrites: Hooks<NoSchema>['useWrites'] = untyped.useWrites
