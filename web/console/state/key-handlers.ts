import type { KeyAction } from './key-map.ts'

/** What the shown parts of the console do at an action of the keyboard; those that were shown last come first. */
export type KeyHandlers = { readonly [Kind in KeyAction['kind']]?: (action: KeyAction & { kind: Kind }) => void }

const stack: KeyHandlers[] = []

/** Adds handlers until the returned function is called. */
export function addKeyHandlers(handlers: KeyHandlers): () => void {
  stack.push(handlers)
  return () => {
    const at = stack.lastIndexOf(handlers)
    if (at >= 0) stack.splice(at, 1)
  }
}

/** Gives an action to the part that was shown last and answers to it; returns whether there was one. */
export function handleKey(action: KeyAction): boolean {
  const handlers = stack.findLast((shown) => shown[action.kind] !== undefined)
  if (handlers === undefined) return false
  ;(handlers[action.kind] as (action: KeyAction) => void)(action)
  return true
}
