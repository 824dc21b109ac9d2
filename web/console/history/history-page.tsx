import type { JSX } from 'preact'

/** The page History. */
export function HistoryPage(): JSX.Element {
  return (
    <section class="page">
      <h1>History</h1>
    </section>
  )
}
