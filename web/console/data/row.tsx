import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { Document } from '../../../src/core/database.ts'
import { lazy } from '../shared/lazy.tsx'
import { tickingTime } from '../shared/ticking.ts'
import { cellOf, type Column } from '../state/columns.ts'
import type { Lights } from '../state/lights.ts'
import { asOf, go, hrefTo, tableQuery } from '../state/location.ts'
import { SORT_BY } from '../state/sort.ts'
import { agoText } from '../state/time-text.ts'

const FieldInput = lazy(async () => (await import('./field-input.tsx')).FieldInput)

/** How long after a click a second one is waited for, ms. */
const DOUBLE_CLICK_MS = 220

interface RowProps {
  readonly id: string
  readonly path: string
  /** Undefined: it is being read. */
  readonly document: Document | undefined
  readonly columns: readonly Column[]
  readonly lights: Lights
  readonly isSelected: boolean
  /** Of all rows, from 0. */
  readonly place: number
  readonly widthOf: WidthOf
}

/** The style of a column that was made wider or narrower; undefined: it is as wide as its kind. */
export type WidthOf = (key: string) => { readonly width: string; readonly flexGrow: number } | undefined

/** A document in one line. */
export function Row({ id, path, document, columns, lights, isSelected, place, widthOf }: RowProps): JSX.Element {
  const at = performance.now()
  const opening = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(opening.current), [])
  // The document may cover the cell of a double click: so it opens when no second click has come.
  const openSoon = (clicks: number): void => {
    clearTimeout(opening.current)
    if (clicks < 2) opening.current = setTimeout(() => go({ path, query: tableQuery() }), DOUBLE_CLICK_MS)
  }
  return (
    <div
      id={`row-${id}`}
      class={`row${lights.isNew(id, at) ? ' come' : ''}`}
      role="row"
      aria-rowindex={place + 2}
      aria-selected={isSelected}
      style={{ top: `${place * 32}px` }}
      onClick={(event) => {
        if (!(event.target as Element).closest('a, input')) openSoon(event.detail)
      }}
    >
      <span role="gridcell" class="id mono" style={widthOf('@id')}>
        <a href={hrefTo({ path, query: tableQuery() })} tabIndex={-1}>
          {id}
        </a>
      </span>
      {columns.map((column) => (
        <CellView key={column.key} {...{ document, column, widthOf }} light={lights.of(id, column.key, at)} />
      ))}
      <span role="gridcell" class="number version" style={widthOf(SORT_BY.version)} title="version">
        {document?.version}
      </span>
      <span
        role="gridcell"
        class="changed"
        style={widthOf(SORT_BY.changed)}
        title={document === undefined ? '' : `${document.updatedAt}, ${document.actor ?? 'nobody named'}`}
      >
        {document !== undefined && agoText(document.updatedAt, tickingTime())}
        {document?.actor != null && <span class="quiet"> {document.actor}</span>}
      </span>
    </div>
  )
}

interface CellProps {
  readonly document: Document | undefined
  readonly column: Column
  /** Not 0 when it has just changed, and another number for each change. */
  readonly light: number
  readonly widthOf: WidthOf
}

function CellView({ document, column: { key, kind: columnKind }, light, widthOf }: CellProps): JSX.Element {
  const isEdited = useSignal(false)
  const style = widthOf(key)
  if (document === undefined) return <span role="gridcell" class={columnKind} style={style} />
  const { kind, text } = cellOf(document.value, key)
  if (isEdited.value) {
    return (
      <span role="gridcell" class={`edited ${columnKind}`} style={style}>
        <FieldInput document={document} field={key} close={() => (isEdited.value = false)} />
      </span>
    )
  }
  return (
    <span
      role="gridcell"
      class={`${columnKind} is-${kind}`}
      style={style}
      data-column={key}
      // A key with a slash has no path of its own.
      onDblClick={() => (isEdited.value = asOf.value === null && !key.includes('/'))}
    >
      <span key={light} class={light === 0 ? '' : 'lit'}>
        {text}
      </span>
    </span>
  )
}
