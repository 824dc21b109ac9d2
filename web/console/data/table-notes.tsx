import type { JSX } from 'preact'
import { Icon } from '../shared/icon.tsx'
import { lazy } from '../shared/lazy.tsx'
import type { CollectionState } from '../state/collection.ts'
import { asOf, goQuery, route } from '../state/location.ts'

const FirstDocument = lazy(async () => (await import('./first-document.tsx')).FirstDocument)

interface NoteProps {
  readonly state: CollectionState
  readonly path: string
  readonly retry: () => void
}

/** What is said in the place of rows: that they are coming, that there are none, or why not. */
export function TableNote({ state: { status, rows, error }, path, retry }: NoteProps): JSX.Element | null {
  if (status === 'error') {
    return (
      <div class="note" role="alert">
        <h2>
          {error?.code === 'BAD_EXPRESSION' ? 'This filter is not understood' : 'These documents cannot be shown'}
        </h2>
        <p>{error?.message}</p>
        <button onClick={retry}>Try again</button>
      </div>
    )
  }
  if (rows.ids.length > 0) return null
  if (status === 'loading') return <Bones />
  if ((route.value.query['where'] ?? '') !== '') {
    return (
      <div class="note">
        <h2>No document matches</h2>
        <button onClick={() => goQuery({ where: '' })}>Show all</button>
      </div>
    )
  }
  if (asOf.value !== null) {
    return (
      <div class="note">
        <h2>Nothing was here at that moment</h2>
      </div>
    )
  }
  return <FirstDocument path={path} />
}

function Bones(): JSX.Element {
  return (
    <div class="bones" aria-hidden="true">
      <i />
      <i />
      <i />
    </div>
  )
}

interface FootProps {
  readonly state: CollectionState
  readonly toTop: () => void
}

/** How many documents there are, and whether they are live. */
export function TableFoot({ state: { status, rows, newAbove }, toTop }: FootProps): JSX.Element {
  const count = rows.ids.length
  const more = rows.next === null ? '' : ' and more'
  const words = { loading: 'Loading', live: 'Live', past: 'As of that moment', error: 'Not shown' } as const
  return (
    <footer class="table-foot" data-count={count}>
      <span class={`dot ${status === 'live' ? 'good' : status === 'error' ? 'bad' : 'wait'}`} />
      <span>{words[status]}</span>
      <span class="quiet">
        {count.toLocaleString('en')} {count === 1 ? 'document' : 'documents'}
        {more}
      </span>
      {newAbove > 0 && (
        <button class="bare" onClick={toTop}>
          <Icon name="up" />
          {newAbove} new above
        </button>
      )}
    </footer>
  )
}
