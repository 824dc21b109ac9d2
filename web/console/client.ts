import { effect, signal, type ReadonlySignal, type Signal } from '@preact/signals'
import type { Client, ConnectOptions, DatabaseError, ReadableStore } from '../../src/client/connect.ts'
import { openSocketLink } from '../../src/client/connection/socket-link.ts'
import { noPatches } from '../../src/client/live/patches.ts'
import { globalPlatform } from '../../src/client/platform.ts'
import { WritableStore } from '../../src/client/readable.ts'
import { RemoteDatabase } from '../../src/client/remote-database.ts'
import { openPreferences } from './state/preferences.ts'

/** A client that knows the time of the server, ms since 1970: that of the browser may be hours off. */
type ConsoleClient = Client & Pick<RemoteDatabase, 'serverNow'>

/** What the reader chose; kept in the browser. */
export const preferences = openPreferences(localStorage)

const patches = new WritableStore(noPatches)
const current: Signal<ConsoleClient> = signal(connectHere())

/**
 * As `connect` of tidemark/client, to the server of the page, as the actor that the reader chose. The code that shows
 * JSON Patches and operators before the server has done them comes after the page: most of what is written are merges.
 */
export function connectHere(options: ConnectOptions = {}): ConsoleClient {
  const platform = globalPlatform({ openSocket: openSocketLink, patches })
  return new RemoteDatabase(
    location.origin,
    { actor: preferences.actor.peek(), ...options },
    platform,
  ) as unknown as ConsoleClient
}

/** Loads what `connectHere` leaves out. Rejects when the server does not answer. */
export async function loadPatches(): Promise<void> {
  patches.set((await import('../../src/client/live/patched-value.ts')).patchedValue)
}

/** The connected client. It is another one when the reader writes under another name. */
export const client: ReadonlySignal<ConsoleClient> = current

/** Writes under another name from now on; what waits for an answer is sent before. */
export function signInAs(actor: string): void {
  if (actor === preferences.actor.peek()) return
  const last = current.peek()
  preferences.actor.value = actor
  current.value = connectHere()
  // Without writes that wait, nothing of the last client is needed any more.
  const leave = last.connection.subscribe(({ pending }) => {
    if (pending > 0) return
    queueMicrotask(() => leave())
    void last.close()
  })
}

/** A store of the SDK as a signal, followed as long as `scope` runs. */
export function followStore<T>(target: Signal<T>, storeOf: () => ReadableStore<T>): () => void {
  return effect(() => storeOf().subscribe((value) => (target.value = value)))
}

/** The sentence of a failure. */
export function sentenceOf(error: unknown): string {
  return (error as DatabaseError).message
}
