import { getCurrentInstance, onMounted, onScopeDispose, shallowRef, type ShallowRef } from 'vue'
import type { ReadableStore } from '../client/readable.ts'

/**
 * The value of a store as a ref, until the component or the effect scope ends. In a component it is followed from the
 * time that it is mounted, so that a page that is rendered by a server opens no feed.
 */
export function useStore<T>(store: ReadableStore<T>): Readonly<ShallowRef<T>> {
  const value = shallowRef(store.get())
  let leave = (): void => {}
  const follow = (): void => void (leave = store.subscribe((next) => (value.value = next)))
  if (getCurrentInstance() === null) follow()
  else onMounted(follow)
  onScopeDispose(() => leave())
  return value
}
