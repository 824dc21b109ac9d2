import type { JSX } from 'preact'

/** The page Changes. */
export function ChangesPage(): JSX.Element {
  return (
    <section class="page">
      <h1>Changes</h1>
    </section>
  )
}
