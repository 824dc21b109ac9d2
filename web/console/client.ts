import { effect, signal, type ReadonlySignal, type Signal } from '@preact/signals'
import { connect, type Client, type DatabaseError, type ReadableStore } from '../../src/client/connect.ts'
import { openPreferences } from './state/preferences.ts'

/** What the reader chose; kept in the browser. */
export const preferences = openPreferences(localStorage)

const current: Signal<Client> = signal(connect(location.origin, { actor: preferences.actor.peek() }))

/** The connected client. It is another one when the reader writes under another name. */
export const client: ReadonlySignal<Client> = current

/** Writes under another name from now on; what waits for an answer is sent before. */
export function signInAs(actor: string): void {
  if (actor === preferences.actor.peek()) return
  const last = current.peek()
  preferences.actor.value = actor
  current.value = connect(location.origin, { actor })
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
