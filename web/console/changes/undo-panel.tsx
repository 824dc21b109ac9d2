import type { JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import type { RevertConflict, Reverting } from '../../../src/core/database.ts'
import type { Json } from '../../../src/core/json/json.ts'
import { client } from '../client.ts'
import { labelledKey } from '../state/commit-label.ts'
import { fieldChanges, fieldChangeText, shortText } from '../state/field-changes.ts'
import { goQuery } from '../state/location.ts'
import { attempt, notify } from '../state/notices.ts'
import { canTakeBack, conflictKey, undoParts, type Undo, type Undone, type UndoPlan } from '../state/undo.ts'

/** What an undo would do; it is done by its button. */
export function UndoPanel({ undo }: { readonly undo: Undo }): JSX.Element | null {
  const { value: state } = undo.state
  const panel = useRef<HTMLElement>(null)
  // Before the next key.
  useLayoutEffect(() => {
    if (state.kind === 'ready') panel.current?.querySelector<HTMLElement>('.primary')?.focus()
  }, [state.kind])
  if (state.kind === 'closed') return null
  const confirm = async (): Promise<void> => {
    const taken = state.kind === 'ready' ? state.taken.size : 0
    const done = await attempt(undo.confirm(client.value))
    if (done === null) return
    tell(done, taken)
    // Of everybody: the undo is the newest change.
    if (state.kind === 'ready' && 'actor' in state.what) goQuery({ actor: '' })
  }
  return (
    <section ref={panel} class="undo" aria-label="Undo" aria-live="polite">
      <div class="undo-head">
        <h2>Undo: {state.title}</h2>
        <span class="space" />
        <button onClick={() => undo.close()}>
          Cancel <kbd>Esc</kbd>
        </button>
        {state.kind === 'ready' && <Confirm plan={state} run={() => void confirm()} />}
      </div>
      {state.kind === 'asking' && <p class="quiet">Asking what would change…</p>}
      {state.kind === 'failed' && <p role="alert">{state.error.message}</p>}
      {state.kind === 'ready' && <DryRun plan={state} undo={undo} />}
    </section>
  )
}

/** Says what was undone, and offers the way back. */
function tell({ reverted, takenBack, of }: Undone, taken: number): void {
  const commits = [reverted.commit, takenBack].filter((commit) => commit !== null)
  const back = async (): Promise<void> => {
    for (const { id } of commits) {
      await attempt(client.value.revert({ commit: id }, { key: labelledKey('undo', `the undo of ${of}`) }))
    }
  }
  // What was taken back before is no conflict of the undo any more.
  const parts = undoParts(reverted, { taken })
  if (commits.length === 0) return notify('done', 'Nothing was left to undo.')
  notify('done', `Undone: ${parts.join(' · ')}.`, { label: 'Undo the undo', run: () => void back() })
}

function Confirm({ plan: { result, taken }, run }: { readonly plan: UndoPlan; readonly run: () => void }): JSX.Element {
  const { length: count } = result.applied
  const words = [
    ...(count > 0 || taken.size === 0 ? [`Undo ${count} ${count === 1 ? 'document' : 'documents'}`] : []),
    ...(taken.size > 0 ? [`take back ${taken.size} ${taken.size === 1 ? 'conflict' : 'conflicts'}`] : []),
  ].join(' and ')
  return (
    <button class="primary" disabled={count + taken.size === 0} onClick={run}>
      {words.charAt(0).toUpperCase() + words.slice(1)}
    </button>
  )
}

const MOST_LISTED = 100

function DryRun({ plan, undo }: { readonly plan: UndoPlan; readonly undo: Undo }): JSX.Element {
  const { result, taken, present } = plan
  const { applied, conflicts } = result
  const parts = undoParts(result, { taken: taken.size, kept: conflicts.length - taken.size })
  return (
    <>
      <p>{parts.length === 0 ? 'Nothing is left to undo.' : parts.join(' · ')}</p>
      <ul class="mono">
        {conflicts.slice(0, MOST_LISTED).map((conflict) => (
          <Conflict
            key={conflictKey(conflict)}
            conflict={conflict}
            isTaken={taken.has(conflictKey(conflict))}
            take={(isTaken) => undo.take(conflict, isTaken)}
          />
        ))}
        {conflicts.length > MOST_LISTED && <li class="quiet">and {conflicts.length - MOST_LISTED} more that stay</li>}
        {applied.slice(0, MOST_LISTED).map((one) => (
          <Applied key={one.path} applied={one} present={present.get(one.path)} />
        ))}
        {applied.length > MOST_LISTED && <li class="quiet">and {applied.length - MOST_LISTED} more</li>}
      </ul>
    </>
  )
}

interface ConflictProps {
  readonly conflict: RevertConflict
  readonly isTaken: boolean
  readonly take: (isTaken: boolean) => void
}

function Conflict({ conflict, isTaken, take }: ConflictProps): JSX.Element {
  const { path, field, now, wanted, by } = conflict
  return (
    <li>
      <span class={`tag ${isTaken ? 'good' : 'wait'}`}>{isTaken ? 'goes back' : 'stays'}</span> {path}
      {field !== '' && `/${field}`}: {by ?? 'somebody'} wrote {shortText(now)} since
      {canTakeBack(conflict) && (
        <label class="take">
          <input type="checkbox" checked={isTaken} onChange={({ currentTarget: { checked } }) => take(checked)} />
          {wanted === null ? 'remove it all the same' : `take back to ${shortText(wanted)} all the same`}
        </label>
      )}
    </li>
  )
}

const DEEDS = { NEW: 'comes back', UPDATE: 'goes back', DELETE: 'is deleted' } as const

interface AppliedProps {
  readonly applied: Reverting
  /** The value now; undefined: it is not read. */
  readonly present: Json | undefined
}

function Applied({ applied: { path, type, fields, value }, present }: AppliedProps): JSX.Element {
  const changes = present === undefined || value === null ? [] : fieldChanges(fields, { before: present, after: value })
  const text = changes.length > 0 ? changes.map(fieldChangeText).join(', ') : fields.join(', ')
  return (
    <li>
      <span class={`tag ${type === 'DELETE' ? 'bad' : 'good'}`}>{DEEDS[type]}</span> {path}
      {type === 'UPDATE' && text !== '' && `: ${text}`}
      {type === 'NEW' && value !== null && `: ${shortText(value)}`}
    </li>
  )
}
