import type { JSX } from 'preact'
import { Crumbs } from '../shared/crumbs.tsx'
import { overlay } from '../frame/overlay.tsx'
import { hrefTo } from '../state/location.ts'

/** Where the address names no document. */
export function NoDocument({ path }: { readonly path: string }): JSX.Element {
  return (
    <section class="page">
      <div class="bar">
        <Crumbs path={path} />
      </div>
      <div class="note">
        <h2>A history is that of one document</h2>
        <p>
          Choose one <a href={hrefTo({ page: 'data', path })}>in {path === '' ? 'the collections' : path}</a>, or go to
          its path.
        </p>
        <p>
          <button onClick={() => (overlay.value = 'palette')}>Go to a path</button>
        </p>
        <p>
          What was written {path === '' ? 'everywhere' : `in ${path}`} is in{' '}
          <a href={hrefTo({ page: 'changes', path })}>Changes</a>.
        </p>
      </div>
    </section>
  )
}
