import type { JSX } from 'preact'
import { firstWrites } from '../state/snippets.ts'
import { go } from '../state/location.ts'
import { CopyText } from '../shared/copy-text.tsx'
import './document.css'

/** An empty collection, and three ways to write its first document. */
export function FirstDocument({ path }: { readonly path: string }): JSX.Element {
  return (
    <div class="note first">
      <h2>No documents in {path} yet</h2>
      <p>
        <button class="primary" onClick={() => go({ page: 'data', path, query: { new: '1' } })}>
          Write the first one
        </button>
      </p>
      <p>or from elsewhere: it appears here at once</p>
      {firstWrites(path, location.origin).map(({ name, text }) => (
        <CopyText key={name} name={name} text={text} />
      ))}
    </div>
  )
}
