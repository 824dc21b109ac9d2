import type { JSX } from 'preact'
import type { CollectionState } from '../state/collection.ts'
import { asOf, goQuery, route } from '../state/location.ts'
import { fieldsIn } from '../state/searched-fields.ts'
import { FirstDocument } from './first-document.tsx'

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
        {error?.code === 'BAD_EXPRESSION' && <FilterExamples />}
        {error?.code === 'BAD_EXPRESSION' ? (
          <button onClick={() => goQuery({ where: '', q: '' })}>Show all</button>
        ) : (
          <button class="primary" onClick={retry}>
            Try again
          </button>
        )}
      </div>
    )
  }
  if (rows.ids.length > 0 || status === 'loading') return null
  const { where = '', q = '' } = route.value.query
  if (where !== '') {
    return (
      <div class="note">
        <h2>{q === '' ? 'No document matches' : `No document contains “${q}”`}</h2>
        {q !== '' && <p>Searched in {fieldsIn(where).join(', ')}.</p>}
        <button onClick={() => goQuery({ where: '', q: '' })}>Show all</button>
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

const FILTERS = ['value.total > 100', 'value.note.contains("blue")', 'value.tags.exists(t, t == "sea") && value.public']

function FilterExamples(): JSX.Element {
  return (
    <p>
      A word alone, or any text in quotes, is searched for. Fields are written as value.name. Examples:
      {FILTERS.map((filter) => (
        <code key={filter} class="example">
          {filter}
        </code>
      ))}
    </p>
  )
}
