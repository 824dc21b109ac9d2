import type { ComponentChildren, JSX } from 'preact'
import { sideText, type DiffLine } from '../state/diff-lines.ts'

interface DiffRowProps {
  readonly line: DiffLine
  /** Stands behind the name of the field. */
  readonly children?: ComponentChildren
}

/** A field that differs, and its two sides. */
export function DiffRow({ line: { path, before, after }, children }: DiffRowProps): JSX.Element {
  return (
    <div>
      <dt class="mono">
        {path === '' ? 'value' : path}
        {children}
      </dt>
      <DiffSides before={before} after={after} />
    </div>
  )
}

/** What stood in a field, and what stands there now, where something does. */
function DiffSides({ before, after }: Pick<DiffLine, 'before' | 'after'>): JSX.Element {
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
