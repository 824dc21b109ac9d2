import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import type { Document } from '../../../src/core/database.ts'
import { client } from '../client.ts'
import { cellOf, editableText, fieldOf, typedValue, VALUE_KEY, type Column } from '../state/columns.ts'
import type { Lights } from '../state/lights.ts'
import { asOf, go, hrefTo, route } from '../state/location.ts'
import { attempt } from '../state/notices.ts'
import { agoText } from '../state/time-text.ts'

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
  readonly now: number
}

/** A document in one line. */
export function Row({ id, path, document, columns, lights, isSelected, place, now }: RowProps): JSX.Element {
  const at = performance.now()
  const { where = '', order = '' } = route.value.query
  return (
    <div
      id={`row-${id}`}
      class={`row${lights.isNew(id, at) ? ' come' : ''}`}
      role="row"
      aria-rowindex={place + 2}
      aria-selected={isSelected}
      style={{ top: `${place * 32}px` }}
      onClick={(event) => {
        if (!(event.target as Element).closest('a, input')) go({ path, query: { where, order } })
      }}
    >
      <span role="gridcell" class="id mono">
        <a href={hrefTo({ path, query: { where, order } })} tabIndex={-1}>
          {id}
        </a>
      </span>
      {columns.map((column) => (
        <CellView key={column.key} {...{ document, column, path }} light={lights.of(id, column.key, at)} />
      ))}
      <span role="gridcell" class="number version">
        {document?.version}
      </span>
      <span
        role="gridcell"
        class="changed"
        title={document === undefined ? '' : `${document.updatedAt}, ${document.actor ?? 'nobody named'}`}
      >
        {document !== undefined && agoText(document.updatedAt, Math.max(now, Date.now()))}
        {document?.actor != null && <span class="quiet"> {document.actor}</span>}
      </span>
    </div>
  )
}

interface CellProps {
  readonly document: Document | undefined
  readonly column: Column
  readonly path: string
  /** Not 0 when it has just changed, and another number for each change. */
  readonly light: number
}

function CellView({ document, column: { key, kind: columnKind }, path, light }: CellProps): JSX.Element {
  const isEdited = useSignal(false)
  if (document === undefined) return <span role="gridcell" class={columnKind} />
  const { kind, text } = cellOf(document.value, key)
  if (isEdited.value) return <CellInput {...{ document, path }} column={key} close={() => (isEdited.value = false)} />
  return (
    <span
      role="gridcell"
      class={`${columnKind} is-${kind}`}
      data-column={key}
      onDblClick={() => (isEdited.value = asOf.value === null)}
    >
      <span key={light} class={light === 0 ? '' : 'lit'}>
        {text}
      </span>
    </span>
  )
}

interface CellInputProps {
  readonly document: Document
  readonly path: string
  readonly column: string
  readonly close: () => void
}

/** Writes one field: Enter sends it, if nobody wrote the document meanwhile; Esc leaves it. */
function CellInput({ document, path, column, close }: CellInputProps): JSX.Element {
  const before = fieldOf(document.value, column)
  const send = (text: string): void => {
    close()
    if (text === editableText(before)) return
    const value = typedValue(text, before)
    const target = column === VALUE_KEY ? path : `${path}/${column}`
    void attempt(client.value.put(target, value, { expect: { version: document.version } }))
  }
  return (
    <span role="gridcell" class="edited">
      <input
        aria-label={`${column === VALUE_KEY ? 'value' : column} of ${path}`}
        ref={(node) => node?.focus()}
        defaultValue={editableText(before)}
        onKeyDown={(event) => {
          event.stopPropagation()
          if (event.key === 'Enter') send(event.currentTarget.value)
          if (event.key === 'Escape') close()
        }}
        onBlur={close}
      />
    </span>
  )
}
