import { useSignal, useSignalEffect } from '@preact/signals'
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import type { Collection } from '../../../src/core/database.ts'
import { client } from '../client.ts'
import { Guard } from '../state/guard.ts'
import { asOf, hrefTo } from '../state/location.ts'
import { asOfOption } from '../state/route.ts'

/** The collections below a document. */
export function SubCollections({ path }: { readonly path: string }): JSX.Element | null {
  const list = useSignal<readonly Collection[]>([])
  const guard = useMemo(() => new Guard(), [])
  useSignalEffect(() => {
    const turn = guard.begin()
    const options = { signal: turn.signal, ...asOfOption(asOf.value) }
    client.value.collections(path, options).then(
      (page) => {
        if (turn.isCurrent()) list.value = page?.edges.map(({ node }) => node) ?? []
      },
      // The document itself says why it cannot be read.
      () => {},
    )
    return () => guard.end()
  })
  if (list.value.length === 0) return null
  return (
    <nav class="below" aria-label="Collections of this document">
      <h3>Collections</h3>
      {list.value.map(({ path: to, name, documents }) => (
        <a key={to} class="button" href={hrefTo({ page: 'data', path: to })}>
          {name}
          <span class="quiet">{documents ?? '1,000+'}</span>
        </a>
      ))}
    </nav>
  )
}
