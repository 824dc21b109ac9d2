import type { JSX } from 'preact'

/** The collections. */
export function Tree(): JSX.Element {
  return <div class="tree" />
}
