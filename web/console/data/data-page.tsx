import type { JSX } from 'preact'

/** The page Data. */
export function DataPage(): JSX.Element {
  return (
    <section class="page">
      <h1>Data</h1>
    </section>
  )
}
