import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { hrefTo, route } from '../state/location.ts'
import { followCollections, rootCollections } from './collections.ts'

/** The collections, and below the shown one the way to where the reader is. */
export function Tree(): JSX.Element {
  useEffect(followCollections, [])
  const segments = route.value.path.split('/')
  return (
    <nav class="tree" aria-label="Collections">
      <h2>Collections</h2>
      {rootCollections.value.list.map(({ path, name, documents }) => (
        <div key={path}>
          <TreeLink path={path} name={name} depth={0} count={documents === null ? '1k+' : String(documents)} />
          {segments[0] === name &&
            segments.slice(1).map((segment, i) => {
              const to = segments.slice(0, i + 2).join('/')
              return <TreeLink key={to} path={to} name={segment} depth={i + 1} count="" />
            })}
        </div>
      ))}
    </nav>
  )
}

interface TreeLinkProps {
  readonly path: string
  readonly name: string
  readonly depth: number
  readonly count: string
}

function TreeLink({ path, name, depth, count }: TreeLinkProps): JSX.Element {
  return (
    <a
      href={hrefTo({ page: 'data', path })}
      aria-current={route.value.path === path ? 'true' : undefined}
      style={{ paddingLeft: `${8 + depth * 12}px` }}
    >
      <span>{name}</span>
      <span class="quiet">{count}</span>
    </a>
  )
}
