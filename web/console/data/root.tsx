import type { JSX } from 'preact'
import { Bones } from '../shared/bones.tsx'
import { Crumbs } from '../shared/crumbs.tsx'
import { asOf, hrefTo } from '../state/location.ts'
import { countText, readCollectionsAgain, rootCollections } from '../frame/collections.ts'
import { lazy } from '../shared/lazy.tsx'
import { NewCollection } from './new-collection.tsx'
import './root.css'

const FirstDocument = lazy(async () => (await import('./first-document.tsx')).FirstDocument)

/** All collections. */
export function Root(): JSX.Element {
  const { list, status, error } = rootCollections.value
  return (
    <section class="page">
      <div class="bar">
        <Crumbs path="" />
        <span class="quiet">All collections</span>
        <span class="space" />
        {asOf.value === null && <NewCollection />}
      </div>
      {status === 'error' && (
        <div class="note" role="alert">
          <h2>The collections cannot be shown</h2>
          <p>{error}</p>
          <button class="primary" onClick={readCollectionsAgain}>
            Try again
          </button>
        </div>
      )}
      {status === 'loading' && <Bones />}
      {status === 'ready' && list.length === 0 && <FirstDocument path="posts" />}
      <ul class="collections">
        {list.map(({ path, name, documents }) => (
          <li key={path}>
            <a href={hrefTo({ page: 'data', path })}>
              <span class="mono">{name}</span>
              <span class="quiet">{documents === 0 ? 'empty: its versions are kept' : countText(documents)}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  )
}
