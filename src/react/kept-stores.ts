import type { Document } from '../core/database.ts'
import type { Client } from '../client/client.ts'
import { openValueStore, type ValueState } from '../client/live/value-store.ts'
import type { ReadableStore } from '../client/readable.ts'

/** Stores that a client is known to have; of more, those that were used longest ago are opened anew. */
const MAX_KEPT = 1_000

const kept = new WeakMap<Client, Map<string, ReadableStore<unknown>>>()

/** The store of a key; `open` is called when there is none. */
function keptStore<T>(client: Client, key: string, open: () => ReadableStore<T>): ReadableStore<T> {
  const stores = kept.get(client) ?? new Map<string, ReadableStore<unknown>>()
  kept.set(client, stores)
  const store = (stores.get(key) as ReadableStore<T> | undefined) ?? open()
  stores.delete(key)
  stores.set(key, store)
  if (stores.size > MAX_KEPT) for (const oldest of stores.keys()) return (stores.delete(oldest), store)
  return store
}

/** The one store of the value at a path. */
export function valueStoreOf(client: Client, path: string, depth: number | undefined): ReadableStore<ValueState> {
  return keptStore(client, JSON.stringify(['value', path, depth]), () => client.valueStore(path, { depth }))
}

/** The one store of the last versions at a path, the oldest first. */
export function historyStoreOf(
  client: Client,
  path: string,
  last: number,
): ReadableStore<ValueState<readonly Document[]>> {
  return keptStore(client, JSON.stringify(['history', path, last]), () =>
    openValueStore((signal) => versionsOf(client, path, { last, signal }), client.connection),
  )
}

/** The last versions at a path, now and after each write of it. */
async function* versionsOf(
  client: Client,
  path: string,
  { last, signal }: { readonly last: number; readonly signal: AbortSignal },
): AsyncIterableIterator<{ readonly value: readonly Document[] }> {
  let isRead = false
  // The documents below a document have a history of their own; those of a collection share that of the collection.
  const depth = path.split('/').length % 2 === 0 ? 0 : undefined
  for await (const { changes, cursor } of client.changes([path], { depth, signal })) {
    if (isRead && changes.length === 0) continue
    const { edges } = await client.history(path, { last, atLeast: cursor, signal })
    isRead = true
    yield { value: edges.map(({ node }) => node) }
  }
}
