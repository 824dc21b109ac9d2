import type { JSX } from 'preact'

/** Grey lines in the place of what is being read. */
export function Bones(): JSX.Element {
  return (
    <div class="bones" role="status" aria-label="Loading">
      <i />
      <i />
      <i />
    </div>
  )
}
