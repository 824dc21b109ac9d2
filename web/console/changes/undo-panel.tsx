import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { Reverted } from '../../../src/core/database.ts'
import { client } from '../client.ts'
import { attempt, notify } from '../state/notices.ts'
import { undoParts, type Undo } from '../state/undo.ts'

/** What an undo would do; it is done by its button. */
export function UndoPanel({ undo }: { readonly undo: Undo }): JSX.Element | null {
  const { value: state } = undo.state
  const panel = useRef<HTMLElement>(null)
  useEffect(() => {
    if (state.kind === 'ready') panel.current?.querySelector<HTMLElement>('.primary')?.focus()
  }, [state.kind])
  if (state.kind === 'closed') return null
  const confirm = async (): Promise<void> => {
    const done = await attempt(undo.confirm(client.value))
    if (done === null) return
    const { commit } = done
    const back =
      commit === null
        ? null
        : { label: 'Undo the undo', run: () => void attempt(client.value.revert({ commit: commit.id })) }
    notify('done', commit === null ? 'Nothing was left to undo.' : `Undone: ${undoParts(done).join(' · ')}.`, back)
  }
  const count = state.kind === 'ready' ? state.result.applied.length : 0
  return (
    <section ref={panel} class="undo" aria-label="Undo" aria-live="polite">
      <div class="undo-head">
        <h2>Undo: {state.title}</h2>
        <span class="space" />
        <button onClick={() => undo.close()}>
          Cancel <kbd>Esc</kbd>
        </button>
        {state.kind === 'ready' && (
          <button class="primary" disabled={count === 0} onClick={() => void confirm()}>
            Undo {count} {count === 1 ? 'document' : 'documents'}
          </button>
        )}
      </div>
      {state.kind === 'asking' && <p class="quiet">Asking what would change…</p>}
      {state.kind === 'failed' && <p role="alert">{state.error.message}</p>}
      {state.kind === 'ready' && <DryRun result={state.result} />}
    </section>
  )
}

const MOST_LISTED = 100

function DryRun({ result }: { readonly result: Reverted }): JSX.Element {
  const parts = undoParts(result)
  const { applied, conflicts } = result
  return (
    <>
      <p>{parts.length === 0 ? 'Nothing is left to undo.' : parts.join(' · ')}</p>
      <ul class="mono">
        {conflicts.slice(0, MOST_LISTED).map(({ path, field, now, by }) => (
          <li key={`${path} ${field}`}>
            <span class="tag wait">stays</span> {path}
            {field !== '' && `/${field}`}: {by ?? 'somebody'} wrote {JSON.stringify(now)} since
          </li>
        ))}
        {applied.slice(0, MOST_LISTED).map(({ path, type, fields }) => (
          <li key={path}>
            <span class={`tag ${type === 'DELETE' ? 'bad' : 'good'}`}>
              {{ NEW: 'comes back', UPDATE: 'goes back', DELETE: 'is deleted' }[type]}
            </span>{' '}
            {path}
            {fields.length > 0 && `: ${fields.join(', ')}`}
          </li>
        ))}
        {applied.length > MOST_LISTED && <li class="quiet">and {applied.length - MOST_LISTED} more</li>}
      </ul>
    </>
  )
}
