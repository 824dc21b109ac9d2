import { useLayoutEffect, useRef } from 'preact/hooks'
import { addKeyHandlers, type KeyHandlers } from '../state/key-handlers.ts'
import type { KeyAction } from '../state/key-map.ts'

/** Answers to keys while the component is shown. The kinds must not change; what they do may. */
export function useKeys(handlers: KeyHandlers): void {
  const latest = useRef(handlers)
  latest.current = handlers
  // Before the next key.
  useLayoutEffect(() => {
    const kinds = Object.keys(latest.current) as KeyAction['kind'][]
    const delegates = kinds.map((kind) => [
      kind,
      (action: KeyAction) => (latest.current[kind] as ((action: KeyAction) => void) | undefined)?.(action),
    ])
    return addKeyHandlers(Object.fromEntries(delegates) as KeyHandlers)
  }, [])
}
