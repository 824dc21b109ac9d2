import { useSignal, type ReadonlySignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { ticking } from '../shared/ticking.ts'
import { useKeys } from '../shared/use-keys.ts'
import type { Collection, CollectionState } from '../state/collection.ts'
import type { Column } from '../state/columns.ts'
import { asOf, go, goQuery, route } from '../state/location.ts'
import { isDocumentPath } from '../state/route.ts'
import { drawnRows, scrollTo } from '../state/window.ts'
import { Row } from './row.tsx'
import { TableFoot, TableNote } from './table-notes.tsx'

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
  const place = { ...scrolled.value, rowHeight: ROW_HEIGHT, count: rows.ids.length }
  const { start, end } = drawnRows(place)
  const selected = useSelection({ state, path, grid: grid.current })
  useFollowedScroll({ collection, grid, scrolled })
  useEffect(() => collection.see({ start, end }), [start, end, rows.ids.length])
  const now = ticking.value
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
        <Head columns={columns} />
        <div class="rows" role="rowgroup" style={{ height: `${rows.ids.length * ROW_HEIGHT}px` }}>
          {rows.ids.slice(start, end).map((id, i) => (
            <Row
              key={id}
              id={id}
              path={`${path}/${id}`}
              document={rows.byId.get(id)}
              columns={columns}
              lights={collection.lights}
              isSelected={id === selected.value}
              place={start + i}
              now={now}
            />
          ))}
        </div>
      </div>
      <TableNote state={state.value} path={path} retry={() => collection.again()} />
      <TableFoot state={state.value} toTop={() => grid.current?.scrollTo({ top: 0 })} />
    </div>
  )
}

function Head({ columns }: { readonly columns: readonly Column[] }): JSX.Element {
  return (
    <div class="head" role="row" aria-rowindex={1}>
      <span role="columnheader" class="id">
        id
      </span>
      {columns.map(({ key, kind }) => (
        <span role="columnheader" key={key} class={kind}>
          {key === '' ? 'value' : key}
        </span>
      ))}
      <span role="columnheader" class="number version">
        version
      </span>
      <span role="columnheader" class="changed">
        changed
      </span>
    </div>
  )
}

interface SelectionParts {
  readonly state: ReadonlySignal<CollectionState>
  readonly path: string
  readonly grid: HTMLElement | null
}

/** The selected row: that of the open document, or the one to which the keys went. */
function useSelection({ state, path, grid }: SelectionParts): ReadonlySignal<string | null> {
  const opened = isDocumentPath(route.value.path) ? (route.value.path.split('/').at(-1) ?? null) : null
  const selected = useSignal(opened)
  useEffect(() => {
    if (opened !== null) selected.value = opened
  }, [opened])
  const move = (to: (at: number, last: number) => number): void => {
    const { ids } = state.peek().rows
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
    if (selected.value !== null) go({ path: `${path}/${selected.value}`, query: { ...kept(), ...query } })
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
      else if (opened !== null) go({ path, query: kept() })
    },
  })
  return selected
}

/** What stays in the address when a document is opened or closed. */
function kept(): Readonly<Record<string, string>> {
  const { where = '', order = '' } = route.peek().query
  return { where, order }
}

interface ScrollParts {
  readonly collection: Collection
  readonly grid: { readonly current: HTMLDivElement | null }
  readonly scrolled: { value: { readonly top: number; readonly height: number } }
}

/** Keeps what is seen in its place when rows come or go above it, and measures the window. */
function useFollowedScroll({ collection, grid, scrolled }: ScrollParts): void {
  const first = useRef<{ readonly id: string; readonly at: number } | null>(null)
  const { ids } = collection.state.value.rows
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
