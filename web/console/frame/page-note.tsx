import type { JSX } from 'preact'
import { go } from '../state/location.ts'

/** What stands in the place of a page: there is none of that name, or it shows no past. */
type PageNoteProps = { readonly kind: 'none' } | { readonly kind: 'no past'; readonly title: string }

/** Says why there is no page, and leads to one. */
export function PageNote(props: PageNoteProps): JSX.Element {
  return (
    <section class="page blank">
      {props.kind === 'none' ? (
        <>
          <h1>There is no such page</h1>
          <p>
            The address names a page that this console does not have. <a href="#/data">Go to the data</a>.
          </p>
        </>
      ) : (
        <>
          <h1>{props.title} has no past</h1>
          <p>The console shows an earlier moment, and this page is about now.</p>
          <p>
            <button class="primary" onClick={() => go({ asOf: null })}>
              Back to now
            </button>
          </p>
        </>
      )}
    </section>
  )
}
