import { useSignalEffect } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import { client } from '../client.ts'
import { toggleMoment } from '../frame/moment-bar.tsx'
import { Icon } from '../shared/icon.tsx'
import { lazy } from '../shared/lazy.tsx'
import { Crumbs } from '../shared/crumbs.tsx'
import { useKeys } from '../shared/use-keys.ts'
import { Collection } from '../state/collection.ts'
import { asOf, goQuery, route } from '../state/location.ts'
import { collectionOf, isDocumentPath } from '../state/route.ts'
import { Table } from './table.tsx'
import { Where } from './where.tsx'
import './data.css'

const DocumentPanel = lazy(async () => (await import('./document-panel.tsx')).DocumentPanel)
const NewDocument = lazy(async () => (await import('./new-document.tsx')).NewDocument)

/** The documents of a collection as a table, and the one that is open beside it. */
export function CollectionView(): JSX.Element {
  const { path, query } = route.value
  const collectionPath = collectionOf(path)
  const collection = useMemo(() => new Collection(), [])
  useEffect(() => {
    warmUp()
    return () => collection.close()
  }, [])
  useSignalEffect(() => {
    const { path: shown, query: options } = route.value
    const order = options['order'] === 'desc' ? 'desc' : 'asc'
    const where = options['where'] ?? ''
    collection.show({ client: client.value, path: collectionOf(shown), where, order, asOf: asOf.value })
  })
  useKeys({ new: () => asOf.value === null && goQuery({ new: '1' }) })
  const isOpen = isDocumentPath(path)
  return (
    <section class={`page data${isOpen || query['new'] === '1' ? ' open' : ''}`}>
      <div class="bar">
        <Crumbs path={collectionPath} />
        <span class="space" />
        <Where key={collectionPath} collection={collection} />
        {asOf.value === null && (
          <button class="back" aria-keyshortcuts="t" onClick={() => void toggleMoment()}>
            <Icon name="clock" />
            Look back
          </button>
        )}
        {asOf.value === null && (
          <button class="new" aria-keyshortcuts="n" onClick={() => goQuery({ new: '1' })}>
            <Icon name="plus" />
            Document
          </button>
        )}
      </div>
      <div class="halves">
        <Table key={collectionPath} collection={collection} path={collectionPath} />
        {query['new'] === '1' ? (
          <NewDocument key={collectionPath} path={collectionPath} />
        ) : (
          isOpen && <DocumentPanel key={path} path={path} />
        )}
      </div>
    </section>
  )
}

/** Loads what is typed into before it is asked for, so that no key is lost. Where it fails, it is loaded when it is used. */
function warmUp(): void {
  for (const part of [import('./field-input.tsx'), import('./field-suggestions.tsx')]) part.catch(() => {})
}
