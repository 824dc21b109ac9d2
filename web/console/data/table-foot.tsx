import type { JSX } from 'preact'
import { useConnection } from '../frame/connection.tsx'
import { Icon } from '../shared/icon.tsx'
import type { CollectionState } from '../state/collection.ts'
import { goQuery, route } from '../state/location.ts'
import { fieldsIn } from '../state/searched-fields.ts'

interface FootProps {
  readonly state: CollectionState
  /** By which column, and how many rows; null: they are in the order of ids. */
  readonly sorted: { readonly key: string; readonly count: number } | null
  readonly toTop: () => void
  /** Reads the next page. */
  readonly more: () => void
}

/** Documents that can be loaded for sorting; the table keeps no more than twice a thousand. */
const MOST_SORTED = 1_800

/** How many documents there are, and whether they are live. */
export function TableFoot({ state: { status, rows, newAbove }, sorted, toTop, more }: FootProps): JSX.Element {
  const count = rows.ids.length
  const connection = useConnection()
  const isLost = status === 'live' && connection.kind !== 'good'
  const rest = rows.next === null ? '' : ' and more'
  const { where = '', q = '' } = route.value.query
  const words = { loading: 'Loading', live: 'Live', past: 'As of that moment', error: 'Not shown' } as const
  return (
    <footer class="table-foot" data-count={count}>
      <span
        class={`dot ${isLost ? connection.kind : status === 'live' ? 'good' : status === 'error' ? 'bad' : 'wait'}`}
      />
      <span>{isLost ? connection.text : words[status]}</span>
      {status !== 'error' && (status !== 'loading' || count > 0) && (
        <span class="quiet">
          {count.toLocaleString('en')} {count === 1 ? 'document' : 'documents'}
          {rest}
          {q !== '' && ` with “${q}” in ${fieldsIn(where).join(', ')}`}
        </span>
      )}
      {q !== '' && (
        <button class="bare" onClick={() => goQuery({ q: '' })}>
          As an expression
        </button>
      )}
      {sorted !== null && rows.next !== null && (
        <span class="quiet">
          sorted within the {sorted.count.toLocaleString('en')} that are loaded
          {sorted.count < MOST_SORTED && (
            <button class="bare" onClick={more}>
              Load more
            </button>
          )}
        </span>
      )}
      {newAbove > 0 && (
        <button class="bare" onClick={toTop}>
          <Icon name="up" />
          {newAbove} new above
        </button>
      )}
    </footer>
  )
}
