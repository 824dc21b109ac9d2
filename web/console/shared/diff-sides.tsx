import type { JSX } from 'preact'
import { sideText, type DiffLine } from '../state/diff-lines.ts'

/** What stood in a field, and what stands there now, where something does. */
export function DiffSides({ before, after }: Pick<DiffLine, 'before' | 'after'>): JSX.Element {
  return (
    <>
      {before !== undefined && (
        <dd class="mono">
          <del>{sideText(before)}</del>
        </dd>
      )}
      {after !== undefined && (
        <dd class="mono">
          <ins>{sideText(after)}</ins>
        </dd>
      )}
    </>
  )
}
