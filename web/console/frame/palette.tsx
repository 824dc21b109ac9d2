import type { JSX } from 'preact'

/** Goes to a path or a command. */
export function Palette(): JSX.Element {
  return <input aria-label="Path or command" />
}
