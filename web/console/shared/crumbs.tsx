import type { JSX } from 'preact'
import { hrefTo, route } from '../state/location.ts'

/** A path of which each part is a link. */
export function Crumbs({ path }: { readonly path: string }): JSX.Element {
  const segments = path.split('/').filter(Boolean)
  return (
    <h1 class="crumbs mono">
      <a href={hrefTo({ page: 'data', path: '' })} aria-label="All collections">
        /
      </a>
      {segments.map((segment, i) => {
        const to = segments.slice(0, i + 1).join('/')
        const isLast = i === segments.length - 1
        return (
          <span key={to}>
            {i > 0 && <i>/</i>}
            <a
              href={hrefTo({ page: 'data', path: to })}
              aria-current={isLast && route.value.path === to ? 'page' : undefined}
            >
              {segment}
            </a>
          </span>
        )
      })}
    </h1>
  )
}
