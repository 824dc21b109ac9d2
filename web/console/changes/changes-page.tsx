import { useSignal, useSignalEffect, type Signal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import type { Change } from '../../../src/core/database.ts'
import type { ChangeType } from '../../../src/core/version.ts'
import { client } from '../client.ts'
import { Bones } from '../shared/bones.tsx'
import { useKeys } from '../shared/use-keys.ts'
import { commitLabel, undoneName } from '../state/commit-label.ts'
import { ChangeLog, type ChangeLogState } from '../state/change-log.ts'
import { asOf, go, route } from '../state/location.ts'
import { attempt } from '../state/notices.ts'
import { startOfPeriod } from '../state/period.ts'
import { Undo } from '../state/undo.ts'
import { ChangeEntry } from './change-entry.tsx'
import { Filters } from './filters.tsx'
import { UndoPanel } from './undo-panel.tsx'
import '../data/document.css'
import '../history/history.css'
import './changes.css'

/** What was written, by whom, as it happens; and the way to take it back. */
export function ChangesPage(): JSX.Element {
  const [log, undo] = [useMemo(() => new ChangeLog(), []), useMemo(() => new Undo(), [])]
  useEffect(
    () => () => {
      log.close()
      undo.close()
    },
    [],
  )
  useSignalEffect(() => {
    const { path, query } = route.value
    const { actor = '', type = '', from = '', to = '', last = '' } = query
    // What an open undo says was asked for another list.
    undo.close()
    const { value: moment } = asOf
    const start = startOfPeriod(last, moment === null ? client.value.serverNow() : Date.parse(moment.time)) || from
    log.show({ client: client.value, path, actor, type: type as ChangeType | '', from: start, to, asOf: moment })
  })
  const { value: state } = log.state
  const selected = useSelectedChange(state, undo)
  return (
    <section class="page changes" data-status={state.status}>
      <h1 class="hidden">Changes</h1>
      <Filters log={log} undo={undo} />
      <ChangeList {...{ state, selected, undo }} older={() => void attempt(log.older())} again={() => log.again()} />
      <UndoPanel undo={undo} />
    </section>
  )
}

/** A change is known by its commit and its path. */
function keyOf({ commit, path }: Change): string {
  return `${commit} ${path}`
}

interface SelectedChange {
  readonly key: Signal<string | null>
  readonly open: Signal<ReadonlySet<string>>
  toggle(change: Change): void
}

function useSelectedChange(state: ChangeLogState, undo: Undo): SelectedChange {
  const key = useSignal<string | null>(null)
  const open = useSignal<ReadonlySet<string>>(new Set())
  const at = (): number => state.list.findIndex((change) => keyOf(change) === key.value)
  const current = (): Change | undefined => state.list[at()]
  const move = (to: number): void => {
    const change = state.list[Math.min(Math.max(to, 0), state.list.length - 1)]
    if (change !== undefined) key.value = keyOf(change)
  }
  const toggle = (change: Change): void => {
    const now = new Set(open.value)
    if (!now.delete(keyOf(change))) now.add(keyOf(change))
    open.value = now
    key.value = keyOf(change)
  }
  const run = (work: (change: Change) => void) => (): void => {
    const change = current()
    if (change !== undefined) work(change)
  }
  useKeys({
    down: () => move(at() + 1),
    up: () => move(at() - 1),
    first: () => move(0),
    last: () => move(state.list.length - 1),
    open: run(toggle),
    history: run(({ path, document }) => go({ page: 'history', path, query: { v: String(document.version) } })),
    undo: run((change) => askUndo(undo, change)),
    close: () => undo.close(),
  })
  return { key, open, toggle }
}

/** Asks what the undo of the commit of a change would do. */
export function askUndo(undo: Undo, { commit, document: { actor } }: Change): void {
  if (asOf.value === null) {
    const label = commitLabel(commit)
    const title =
      label === null ? `The commit ${shortId(commit)}${actor === null ? '' : ` of ${actor}`}` : `the ${label}`
    void undo.ask(client.value, { commit }, { title, of: undoneName(commit, actor) })
  }
}

/** The end of an id, by which people tell them apart. */
export function shortId(id: string): string {
  return id.length > 10 ? `…${id.slice(-6)}` : id
}

interface ChangeListProps {
  readonly state: ChangeLogState
  readonly selected: SelectedChange
  readonly undo: Undo
  readonly older: () => void
  readonly again: () => void
}

function ChangeList({ state, selected, undo, older, again }: ChangeListProps): JSX.Element {
  const { list, status, hasOlder, error } = state
  const scroller = useRef<HTMLDivElement>(null)
  useEffect(() => {
    scroller.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' })
  }, [selected.key.value])
  if (status === 'error') {
    return (
      <div class="note" role="alert">
        <h2>These changes cannot be shown</h2>
        <p>{error?.message}</p>
        <button class="primary" onClick={again}>
          Try again
        </button>
      </div>
    )
  }
  if (list.length === 0 && status === 'loading') return <Bones />
  if (list.length === 0) return <NoChanges isLive={status === 'live'} />
  return (
    <div
      class="change-list"
      ref={scroller}
      tabIndex={0}
      role="region"
      aria-label="Changes"
      aria-busy={status === 'loading'}
    >
      <ol>
        {list.map((change) => (
          <ChangeEntry
            key={keyOf(change)}
            change={change}
            isSelected={selected.key.value === keyOf(change)}
            isOpen={selected.open.value.has(keyOf(change))}
            toggle={() => selected.toggle(change)}
            ask={() => askUndo(undo, change)}
          />
        ))}
      </ol>
      {hasOlder && (
        <p class="older">
          <button onClick={older}>Older changes</button>
        </p>
      )}
    </div>
  )
}

function NoChanges({ isLive }: { readonly isLive: boolean }): JSX.Element {
  const { path, query } = route.value
  return (
    <div class="note">
      <h2>No such change</h2>
      <p>{isLive ? 'The next one appears here at once.' : 'Nothing that matches was written in this period.'}</p>
      {[path, ...Object.values(query)].some((value) => value !== '') && (
        <button onClick={() => go({ path: '', query: {} })}>Show all changes</button>
      )}
    </div>
  )
}
