import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import type { Document } from '../../../src/core/database.ts'
import { client, sentenceOf } from '../client.ts'
import { DiffRow } from '../shared/diff-sides.tsx'
import { labelledKey } from '../state/commit-label.ts'
import type { DiffLine } from '../state/diff-lines.ts'
import { goQuery } from '../state/location.ts'
import { attempt, notify } from '../state/notices.ts'
import { diffOf } from './diff-view.tsx'

interface RestorePanelProps {
  readonly path: string
  /** The version that comes back. */
  readonly shown: Document
  readonly newest: Document
  readonly close: () => void
}

/** What changes against now when a version comes back; it comes back by the button, if nobody wrote meanwhile. */
export function RestorePanel({ path, shown, newest, close }: RestorePanelProps): JSX.Element {
  const [lines, failure] = [useSignal<readonly DiffLine[] | null>(null), useSignal('')]
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    const abort = new AbortController()
    lines.value = null
    diffOf(path, { from: newest, to: shown, signal: abort.signal }).then(
      (found) => (lines.value = found),
      (error: unknown) => abort.signal.aborted || (failure.value = sentenceOf(error)),
    )
    return () => abort.abort()
  }, [path, shown.version, newest.version])
  // Before the next key.
  useLayoutEffect(() => {
    if (lines.value !== null) button.current?.focus()
  }, [lines.value])
  const restore = async (): Promise<void> => {
    const options = { expect: { version: newest.version }, key: labelledKey('restore', `v${shown.version}`) }
    const commit = await attempt(client.value.restore(path, { version: shown.version }, options))
    if (commit === null) return
    const key = labelledKey('undo', `the restore of v${shown.version}`)
    const undo = (): void => void attempt(client.value.revert({ commit: commit.id }, { key }))
    notify('done', `${path} is as it was in version ${shown.version}.`, { label: 'Undo', run: undo })
    close()
    goQuery({ v: '' }, { replace: true })
  }
  return (
    <section class="undo" aria-label="Restore" aria-live="polite">
      <div class="undo-head">
        <h2>
          Restore v{shown.version}: what changes against now, v{newest.version}
        </h2>
        <span class="space" />
        <button onClick={close}>
          Cancel <kbd>Esc</kbd>
        </button>
        <button ref={button} class="primary" disabled={lines.value === null} onClick={() => void restore()}>
          Write it as v{newest.version + 1}
        </button>
      </div>
      {failure.value !== '' && <p role="alert">{failure.value}</p>}
      <dl class="diff">
        {lines.value?.map((line) => (
          <DiffRow key={line.path} line={line} />
        ))}
      </dl>
    </section>
  )
}
