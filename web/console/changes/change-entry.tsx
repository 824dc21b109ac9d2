import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import type { Change } from '../../../src/core/database.ts'
import { client, sentenceOf } from '../client.ts'
import { DiffSides } from '../shared/diff-sides.tsx'
import { Icon } from '../shared/icon.tsx'
import { JsonView } from '../shared/json-view.tsx'
import { ticking } from '../shared/ticking.ts'
import { diffLines, type DiffLine } from '../state/diff-lines.ts'
import { asOf, hrefTo } from '../state/location.ts'
import { clockText } from '../state/time-text.ts'

interface ChangeEntryProps {
  readonly change: Change
  readonly isSelected: boolean
  readonly isOpen: boolean
  readonly toggle: () => void
  readonly ask: () => void
}

const KINDS = { NEW: 'good', UPDATE: '', DELETE: 'bad' } as const

/** A change in one line; open, what it changed. */
export function ChangeEntry({ change, isSelected, isOpen, toggle, ask }: ChangeEntryProps): JSX.Element {
  const { type, path, document, fields, at, reason } = change
  return (
    <li class={`change${isOpen ? ' open' : ''}`} aria-current={isSelected ? 'true' : undefined} data-path={path}>
      <button class="bare line" aria-expanded={isOpen} onClick={toggle}>
        <time dateTime={at} title={at}>
          {clockText(at, ticking.value)}
        </time>
        <span class={`tag ${KINDS[type]}`}>{type}</span>
        <span class="mono path">{path}</span>
        <span class="quiet">v{document.version}</span>
        <span class="quiet fields">{reason === 'WRITE' ? fields.join(', ') : reason.toLowerCase()}</span>
        <span class="who">{document.actor ?? '–'}</span>
        <Icon name="chevron" />
      </button>
      {isOpen && <ChangeDetails change={change} ask={ask} />}
    </li>
  )
}

function ChangeDetails({ change, ask }: { readonly change: Change; readonly ask: () => void }): JSX.Element {
  const { path, document, commit } = change
  const lines = useSignal<readonly DiffLine[] | null>(null)
  const failure = useSignal('')
  useEffect(() => {
    const abort = new AbortController()
    changedLines(change, abort.signal).then(
      (found) => (lines.value = found),
      (error: unknown) => abort.signal.aborted || (failure.value = sentenceOf(error)),
    )
    return () => abort.abort()
  }, [])
  return (
    <div class="details diff">
      {failure.value !== '' && <p class="quiet">{failure.value}</p>}
      {lines.value === null && !document.deleted && <JsonView value={document.value} />}
      <dl>
        {lines.value?.map(({ path: field, before, after }) => (
          <div key={field}>
            <dt class="mono">{field === '' ? 'value' : field}</dt>
            <DiffSides before={before} after={after} />
          </div>
        ))}
      </dl>
      <p class="links">
        <a href={hrefTo({ page: 'history', path, query: { v: String(document.version) } })}>History</a>
        <a href={hrefTo({ page: 'data', path })}>Document</a>
        <code class="quiet">commit {commit}</code>
        <span class="space" />
        {asOf.value === null && (
          <button onClick={ask} aria-keyshortcuts="u">
            <Icon name="undo" />
            Undo this commit…
          </button>
        )}
      </p>
    </div>
  )
}

/** What a change did to its document, against the version before it. Rejects as `diff` does. */
async function changedLines({ path, document }: Change, signal: AbortSignal): Promise<readonly DiffLine[]> {
  const { version, value, deleted } = document
  if (version <= 1) return deleted ? [] : [{ path: '', before: undefined, after: value }]
  const from = { version: version - 1 }
  const [before, differences] = await Promise.all([
    client.peek().document(path, { asOf: from, signal }),
    client.peek().diff(path, { from, to: { version }, signal }),
  ])
  return diffLines(differences, before?.value)
}
