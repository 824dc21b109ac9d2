import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { Change } from '../../../src/core/database.ts'
import type { Json } from '../../../src/core/json/json.ts'
import { client, sentenceOf } from '../client.ts'
import { DiffRow } from '../shared/diff-sides.tsx'
import { Icon } from '../shared/icon.tsx'
import { JsonView } from '../shared/json-view.tsx'
import { tickingTime } from '../shared/ticking.ts'
import { commitLabel } from '../state/commit-label.ts'
import { diffLines, type DiffLine } from '../state/diff-lines.ts'
import { fieldChanges, fieldChangeText, shortText } from '../state/field-changes.ts'
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
  const { type, path, document, at, commit } = change
  const label = commitLabel(commit)
  const line = useRef<HTMLLIElement>(null)
  const text = deedText(change, useValueBefore(change, line))
  return (
    <li
      ref={line}
      class={`change${isOpen ? ' open' : ''}`}
      aria-current={isSelected ? 'true' : undefined}
      data-path={path}
    >
      <button class="bare line" aria-expanded={isOpen} onClick={toggle}>
        <time dateTime={at} title={at}>
          {clockText(at, tickingTime())}
        </time>
        <span class={`tag ${KINDS[type]}`}>{type}</span>
        <span class="mono path">{path}</span>
        <span class="quiet">v{document.version}</span>
        <span class="quiet fields" title={[label, text].filter(Boolean).join(': ')}>
          {label !== null && <span class="tag wait">{label}</span>} {text}
        </span>
        <span class="who">{document.actor ?? '–'}</span>
        <Icon name="chevron" />
      </button>
      {asOf.value === null && (
        <button
          class={`undo-this${label === null ? '' : ' shown'}`}
          aria-label={`Undo the commit of ${path}`}
          onClick={ask}
        >
          <Icon name="undo" />
          Undo…
        </button>
      )}
      {isOpen && <ChangeDetails change={change} ask={ask} />}
    </li>
  )
}

/** Changed fields that a line names. */
const MOST_NAMED = 4

/** What a change did, in words; `before` undefined: what was there is not known. */
function deedText({ type, fields, document, reason }: Change, before: Json | undefined): string {
  if (reason !== 'WRITE') return reason.toLowerCase()
  if (type === 'DELETE') return ''
  if (type === 'NEW') return shortText(document.value)
  if (before === undefined) return fields.join(', ')
  const changes = fieldChanges(fields, { before, after: document.value })
  const more = changes.length > MOST_NAMED ? `, and ${changes.length - MOST_NAMED} more` : ''
  return changes.slice(0, MOST_NAMED).map(fieldChangeText).join(', ') + more
}

/** The value before an update: as the feed told it, or read once the line is seen. */
function useValueBefore(change: Change, line: { readonly current: Element | null }): Json | undefined {
  const { type, path, before, document } = change
  const value = useSignal<Json | undefined>(before ?? undefined)
  useEffect(() => {
    const { current: node } = line
    if (node === null || type !== 'UPDATE' || value.value !== undefined) return
    const abort = new AbortController()
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return
      observer.disconnect()
      const options = { asOf: { version: document.version - 1 }, signal: abort.signal }
      client
        .peek()
        .document(path, options)
        .then(
          (found) => (value.value = found?.value),
          // Retention may have removed that version: the line names the fields alone.
          () => {},
        )
    })
    observer.observe(node)
    return () => {
      observer.disconnect()
      abort.abort()
    }
  }, [])
  return value.value
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
        {lines.value?.map((line) => (
          <DiffRow key={line.path} line={line} />
        ))}
      </dl>
      <p class="links">
        <a href={hrefTo({ page: 'history', path, query: { v: String(document.version) } })}>History</a>
        <a href={hrefTo({ page: 'data', path })}>Document</a>
        <code class="quiet" title="A commit is one write, whole or not at all: all that it changed is undone together">
          commit {commit}
        </code>
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
