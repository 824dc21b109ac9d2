import type { JSX, TargetedPointerEvent } from 'preact'
import { preferences } from '../client.ts'
import type { Column } from '../state/columns.ts'
import { goQuery, route } from '../state/location.ts'
import { withWidth } from '../state/preferences.ts'
import { nextSort, SORT_BY, type Sort } from '../state/sort.ts'
import type { WidthOf } from './row.tsx'

interface TableHeadProps {
  readonly path: string
  readonly columns: readonly Column[]
  readonly sort: Sort | null
  readonly widthOf: WidthOf
}

/** The names of the columns: a press sorts by one, its right edge is dragged. */
export function TableHead({ path, columns, sort, widthOf }: TableHeadProps): JSX.Element {
  const isDown = route.value.query['order'] === 'desc'
  const by = (key: string): HeadProps => ({
    order: sort?.key === key ? (sort.isDown ? 'descending' : 'ascending') : undefined,
    press: () => goQuery({ sort: nextSort(sort, key) }),
    title: 'Sorts the documents that are loaded',
    style: widthOf(key),
    drag: (width) => (preferences.widths.value = withWidth(preferences.widths.value, { path, key, width })),
  })
  return (
    <div class="head" role="row" aria-rowindex={1}>
      <Head
        {...by('@id')}
        name="id"
        kind="id"
        order={sort !== null ? undefined : isDown ? 'descending' : 'ascending'}
        press={() => goQuery({ sort: '', order: sort === null && !isDown ? 'desc' : '' })}
        title="Sorts all documents: ids that the server makes sort by time"
      />
      {columns.map(({ key, kind }) => (
        <Head key={key} {...by(key)} name={key === '' ? 'value' : key} kind={kind} />
      ))}
      <Head {...by(SORT_BY.version)} name="version" kind="number version" />
      <Head {...by(SORT_BY.changed)} name="changed" kind="changed" />
    </div>
  )
}

interface HeadProps {
  readonly order: 'ascending' | 'descending' | undefined
  readonly press: () => void
  readonly title: string
  readonly style: ReturnType<WidthOf>
  /** Takes a new width, px; null: the one of its kind. */
  readonly drag: (width: number | null) => void
}

interface NamedHeadProps extends HeadProps {
  readonly name: string
  /** Its classes. */
  readonly kind: string
}

function Head({ name, kind, order, press, title, style, drag }: NamedHeadProps): JSX.Element {
  return (
    <span role="columnheader" class={kind} style={style} aria-sort={order}>
      <button class="bare" title={title} onClick={press}>
        {name}
        {order !== undefined && <span aria-hidden="true">{order === 'ascending' ? ' ↑' : ' ↓'}</span>}
      </button>
      <i
        class="grip"
        aria-hidden="true"
        title="Drag to change the width; a double click undoes it"
        onPointerDown={(event) => pull(event, drag)}
        onDblClick={() => drag(null)}
      />
    </span>
  )
}

/** Follows a pointer that pulls the edge of a column, until it is let go. */
function pull(event: TargetedPointerEvent<HTMLElement>, drag: (width: number) => void): void {
  const { currentTarget: grip, clientX: from, pointerId } = event
  const start = grip.parentElement?.offsetWidth ?? 0
  event.preventDefault()
  grip.setPointerCapture(pointerId)
  grip.onpointermove = ({ clientX }) => drag(start + clientX - from)
  grip.onlostpointercapture = () => (grip.onpointermove = null)
}
