import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import type { Document } from '../../../src/core/database.ts'
import { client, sentenceOf } from '../client.ts'
import { asOf, goQuery, route } from '../state/location.ts'
import { attempt, notify } from '../state/notices.ts'
import { labelledKey } from '../state/commit-label.ts'
import { diffLines, type DiffLine } from '../state/diff-lines.ts'
import { Guard } from '../state/guard.ts'
import { DiffRow } from '../shared/diff-sides.tsx'
import { Icon } from '../shared/icon.tsx'

interface DiffViewProps {
  readonly path: string
  readonly list: readonly Document[]
  readonly at: number
}

interface ShownDiff {
  readonly lines: readonly DiffLine[]
  readonly failure: string | null
}

/** What the shown version changed, against the one before it or another one. */
export function DiffView({ path, list, at }: DiffViewProps): JSX.Element {
  const diff = useSignal<ShownDiff | null>(null)
  const guard = useMemo(() => new Guard(), [])
  const shown = list[at]
  const against = list.find(({ version }) => String(version) === route.value.query['against']) ?? list[at - 1]
  useEffect(() => {
    if (shown === undefined) return
    const turn = guard.begin()
    diffOf(path, { from: against, to: shown, signal: turn.signal }).then(
      (lines) => turn.isCurrent() && (diff.value = { lines, failure: null }),
      (error: unknown) => turn.isCurrent() && (diff.value = { lines: [], failure: sentenceOf(error) }),
    )
    return () => guard.end()
  }, [path, shown?.version, against?.version])
  if (shown === undefined) return <></>
  return (
    <section class="diff" aria-label="Differences" tabIndex={0}>
      <header>
        <h2>v{shown.version} against</h2>
        <select
          aria-label="Against version"
          value={String(against?.version ?? '')}
          onChange={({ currentTarget: { value } }) =>
            goQuery({ against: value === String(list[at - 1]?.version) ? '' : value })
          }
        >
          {against === undefined && <option value="">nothing</option>}
          {list
            .filter((version) => version !== shown)
            .map(({ version }) => (
              <option key={version} value={String(version)}>
                v{version}
              </option>
            ))
            .toReversed()}
        </select>
      </header>
      {diff.value?.failure != null && <p role="alert">{diff.value.failure}</p>}
      {diff.value?.lines.length === 0 && diff.value.failure === null && <p class="quiet">Both have the same value.</p>}
      <dl>
        {diff.value?.lines.map((line) => (
          <DiffEntry key={line.path} line={line} path={path} shown={shown} isNewest={at === list.length - 1} />
        ))}
      </dl>
    </section>
  )
}

/** The differences by the server. Rejects as `diff` does. */
export async function diffOf(
  path: string,
  { from, to, signal }: { readonly from: Document | undefined; readonly to: Document; readonly signal: AbortSignal },
): Promise<readonly DiffLine[]> {
  if (from === undefined) return to.deleted ? [] : [{ path: '', before: undefined, after: to.value }]
  const differences = await client
    .peek()
    .diff(path, { from: { version: from.version }, to: { version: to.version }, signal })
  return diffLines(differences, from.deleted ? undefined : from.value)
}

interface DiffEntryProps {
  readonly line: DiffLine
  readonly path: string
  readonly shown: Document
  readonly isNewest: boolean
}

function DiffEntry({ line, path, shown, isNewest }: DiffEntryProps): JSX.Element {
  const field = line.path
  const restore = async (): Promise<void> => {
    const key = labelledKey('restore', `v${shown.version}`)
    const commit = await attempt(client.value.restore(`${path}/${field}`, { version: shown.version }, { key }))
    if (commit !== null) notify('done', `${field} is as it was in version ${shown.version}.`)
  }
  return (
    <DiffRow line={line}>
      {field !== '' && !isNewest && asOf.value === null && (
        <button class="bare" onClick={() => void restore()}>
          <Icon name="undo" />
          Restore only this
        </button>
      )}
    </DiffRow>
  )
}
