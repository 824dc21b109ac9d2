import { useSignal, useSignalEffect, type ReadonlySignal } from '@preact/signals'
import type { ReadableStore } from '../../../src/client/connect.ts'

/** A store of the SDK as a signal, followed while the component is shown; `storeOf` may read signals. */
export function useReadable<T>(storeOf: () => ReadableStore<T>): ReadonlySignal<T> {
  const state = useSignal<T>(storeOf().get())
  useSignalEffect(() => storeOf().subscribe((value) => (state.value = value)))
  return state
}
