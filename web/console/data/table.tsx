import { useSignal, type ReadonlySignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import { preferences } from '../client.ts'
import { Bones } from '../shared/bones.tsx'
import { lazy } from '../shared/lazy.tsx'
import { useKeys } from '../shared/use-keys.ts'
import type { Collection } from '../state/collection.ts'
import { asOf, go, goQuery, route, tableQuery } from '../state/location.ts'
import { isDocumentPath } from '../state/route.ts'
import { parseSort, sortedIds } from '../state/sort.ts'
import { drawnRows, scrollTo } from '../state/window.ts'
import { Row, type WidthOf } from './row.tsx'
import { TableHead } from './table-head.tsx'

const TableNote = lazy(async () => (await import('./table-note.tsx')).TableNote)
import { TableFoot } from './table-foot.tsx'

const ROW_HEIGHT = 32

interface TableProps {
  readonly collection: Collection
  readonly path: string
}

/** The documents of a collection: only the rows that are seen are drawn. */
export function Table({ collection, path }: TableProps): JSX.Element {
  const grid = useRef<HTMLDivElement>(null)
  const scrolled = useSignal({ top: 0, height: 600 })
  const { state } = collection
  const { rows, columns, status } = state.value
  const { sort: sortText = '' } = route.value.query
  const sort = parseSort(sortText)
  const ids = useMemo(() => sortedIds(rows, sort), [rows, sortText])
  // Rows of an earlier filter are no answer to one that failed.
  const count = status === 'error' ? 0 : ids.length
  const place = { ...scrolled.value, rowHeight: ROW_HEIGHT, count }
  const { start, end } = drawnRows(place)
  const selected = useSelection({ ids, path, grid: grid.current })
  useFollowedScroll({ ids, grid, scrolled })
  // Sorted rows are no part of the collection in its order: what is loaded stays, and the next page is asked for.
  useEffect(
    () => collection.see(sort === null ? { start, end } : { start: 0, end: 0 }),
    [start, end, rows.ids.length, sortText],
  )
  const widthOf = useWidths(path)
  return (
    <div class="half">
      <div
        ref={grid}
        class="grid"
        role="grid"
        tabIndex={0}
        aria-label={`Documents of ${path}`}
        aria-rowcount={rows.next === null ? rows.ids.length + 1 : -1}
        aria-busy={status === 'loading'}
        aria-activedescendant={selected.value === null ? undefined : `row-${selected.value}`}
        data-status={status}
        onScroll={({ currentTarget: { scrollTop, clientHeight } }) => {
          scrolled.value = { top: scrollTop, height: clientHeight - ROW_HEIGHT }
        }}
      >
        {status !== 'error' && <TableHead {...{ path, columns, sort, widthOf }} />}
        <div class="rows" role="rowgroup" style={{ height: `${place.count * ROW_HEIGHT}px` }}>
          <Rows
            {...{ collection, path, widthOf }}
            ids={ids.slice(start, end)}
            start={start}
            selected={selected.value}
          />
        </div>
      </div>
      {count === 0 && status === 'loading' && <Bones />}
      {count === 0 && status !== 'loading' && (
        <TableNote state={state.value} path={path} retry={() => collection.again()} />
      )}
      <TableFoot
        state={state.value}
        sorted={sort === null ? null : { key: sort.key, count }}
        toTop={() => grid.current?.scrollTo({ top: 0 })}
        more={() => collection.see({ start: rows.ids.length, end: rows.ids.length })}
      />
    </div>
  )
}

interface RowsProps {
  readonly collection: Collection
  readonly path: string
  /** Those that are drawn. */
  readonly ids: readonly string[]
  /** The place of the first one among all rows. */
  readonly start: number
  readonly selected: string | null
  readonly widthOf: WidthOf
}

function Rows({ collection, path, ids, start, selected, widthOf }: RowsProps): JSX.Element {
  const { rows, columns } = collection.state.value
  return (
    <>
      {ids.map((id, i) => (
        <Row
          key={id}
          id={id}
          path={`${path}/${id}`}
          document={rows.byId.get(id)}
          columns={columns}
          lights={collection.lights}
          isSelected={id === selected}
          place={start + i}
          widthOf={widthOf}
        />
      ))}
    </>
  )
}

/** The style of columns that were dragged. */
function useWidths(path: string): WidthOf {
  const { [path]: widths } = preferences.widths.value
  return (key) => {
    const width = widths?.[key]
    return width === undefined ? undefined : { width: `${width}px`, flexGrow: 0 }
  }
}

interface SelectionParts {
  /** The rows, in the order in which they are shown. */
  readonly ids: readonly string[]
  readonly path: string
  readonly grid: HTMLElement | null
}

/** The selected row: that of the open document, or the one to which the keys went. */
function useSelection({ ids, path, grid }: SelectionParts): ReadonlySignal<string | null> {
  const opened = isDocumentPath(route.value.path) ? (route.value.path.split('/').at(-1) ?? null) : null
  const selected = useSignal(opened)
  useEffect(() => {
    if (opened !== null) selected.value = opened
  }, [opened])
  const move = (to: (at: number, last: number) => number): void => {
    if (ids.length === 0) return
    const at = Math.min(
      Math.max(to(selected.value === null ? -1 : ids.indexOf(selected.value), ids.length - 1), 0),
      ids.length - 1,
    )
    const id = ids[at] ?? null
    selected.value = id
    grid?.scrollTo({
      top: scrollTo(at, { top: grid.scrollTop, height: grid.clientHeight - ROW_HEIGHT, rowHeight: ROW_HEIGHT }),
    })
    if (opened !== null && id !== null) go({ path: `${path}/${id}`, query: route.peek().query }, { replace: true })
  }
  const open = (query: Readonly<Record<string, string>> = {}): void => {
    if (selected.value !== null) go({ path: `${path}/${selected.value}`, query: { ...tableQuery(), ...query } })
  }
  useKeys({
    down: () => move((at) => at + 1),
    up: () => move((at) => at - 1),
    first: () => move(() => 0),
    last: () => move((_, last) => last),
    open: () => open(),
    edit: () => asOf.value === null && open({ v: 'edit' }),
    history: () => selected.value !== null && go({ page: 'history', path: `${path}/${selected.value}` }),
    close: () => {
      if (route.value.query['new'] !== undefined) goQuery({ new: '' })
      else if (opened !== null) go({ path, query: tableQuery() })
    },
  })
  return selected
}

interface ScrollParts {
  readonly ids: readonly string[]
  readonly grid: { readonly current: HTMLDivElement | null }
  readonly scrolled: { value: { readonly top: number; readonly height: number } }
}

/** Keeps what is seen in its place when rows come or go above it, and measures the window. */
function useFollowedScroll({ ids, grid, scrolled }: ScrollParts): void {
  const first = useRef<{ readonly id: string; readonly at: number } | null>(null)
  useLayoutEffect(() => {
    const { current: node } = grid
    if (node === null) return
    const { current: before } = first
    const top = Math.floor(node.scrollTop / ROW_HEIGHT)
    if (before !== null && top > 0 && ids[before.at] !== before.id) {
      const at = ids.indexOf(before.id)
      if (at >= 0 && at !== before.at) node.scrollTop += (at - before.at) * ROW_HEIGHT
    }
    const at = Math.floor(node.scrollTop / ROW_HEIGHT)
    const id = ids[at]
    first.current = id === undefined ? null : { id, at }
  }, [ids, scrolled.value])
  useEffect(() => {
    const { current: node } = grid
    if (node === null) return
    const observer = new ResizeObserver(() => {
      scrolled.value = { top: node.scrollTop, height: node.clientHeight - ROW_HEIGHT }
    })
    observer.observe(node)
    return () => observer.disconnect()
  }, [])
}
