import type { JSX } from 'preact'
import { lazy } from '../shared/lazy.tsx'
import { route } from '../state/location.ts'

const Root = lazy(async () => (await import('./root.tsx')).Root)
const CollectionView = lazy(async () => (await import('./collection-view.tsx')).CollectionView)

/** All collections, or one of them. */
export function DataPage(): JSX.Element {
  return route.value.path === '' ? <Root /> : <CollectionView />
}
