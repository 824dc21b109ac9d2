import { signal, useSignal, type Signal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { Change } from '../../../src/core/database.ts'
import { client } from '../client.ts'
import { Icon } from '../shared/icon.tsx'
import { leaveByEnter } from '../shared/leave-by-enter.ts'
import { TimeInput } from '../shared/time-input.tsx'
import { useKeys } from '../shared/use-keys.ts'
import type { ChangeLog } from '../state/change-log.ts'
import { asOf, go, goQuery, route } from '../state/location.ts'
import { PERIODS, startOfPeriod } from '../state/period.ts'
import type { Undo } from '../state/undo.ts'

/** Which changes are shown. */
export function Filters({ log, undo }: { readonly log: ChangeLog; readonly undo: Undo }): JSX.Element {
  const { path, query } = route.value
  const { actor = '', type = '', from = '', to = '', last = '' } = query
  const { isPaused, waiting, status } = log.state.value
  const undoAll = (): void => {
    // A period that ends now began when the list was read.
    const { from: start } = log
    const period = {
      ...(start !== '' && { from: start }),
      ...(to !== '' && { to }),
      ...(path !== '' && { paths: [path] }),
    }
    void undo.ask(
      client.value,
      { actor: { actor, ...period } },
      { title: undoTitle({ actor, path, period: periodText({ from, to, last }) }), of: actor },
    )
  }
  return (
    <div class="bar filters">
      <PathFilter path={path} />
      <ActorFilter actor={actor} list={log.state.value.list} />
      <select aria-label="Type" value={type} onChange={({ currentTarget: { value } }) => goQuery({ type: value })}>
        <option value="">All types</option>
        <option>NEW</option>
        <option>UPDATE</option>
        <option>DELETE</option>
      </select>
      <PeriodFilter {...{ from, to, last }} />
      <span class="space" />
      {actor !== '' && asOf.value === null && (
        <button
          onClick={undoAll}
          disabled={type !== '' || log.state.value.list.length === 0}
          title={type === '' ? undefined : 'An undo takes back changes of all types: choose All types first'}
        >
          <Icon name="undo" />
          Undo all of {actor}…
        </button>
      )}
      {status === 'live' && (
        <button aria-pressed={isPaused} onClick={() => log.pause(!isPaused)}>
          <Icon name={isPaused ? 'play' : 'pause'} />
          {isPaused ? (waiting.length === 0 ? 'Go on' : `Go on, ${waiting.length} new`) : 'Pause'}
        </button>
      )}
    </div>
  )
}

/** What an undo of an actor takes back. */
function undoTitle({ actor, path, period }: Readonly<Record<'actor' | 'path' | 'period', string>>): string {
  return `all that ${actor} wrote${path === '' ? '' : ` in ${path}`}${period}`
}

function periodText({ from, to, last }: PeriodFilterProps): string {
  const name = Object.hasOwn(PERIODS, last) ? PERIODS[last]?.name : undefined
  if (name !== undefined) return `, ${name.toLowerCase()}`
  return from === '' && to === '' ? '' : ' in this period'
}

function PathFilter({ path }: { readonly path: string }): JSX.Element {
  const input = useRef<HTMLInputElement>(null)
  const text = useSignal(path)
  useEffect(() => {
    text.value = path
  }, [path])
  useKeys({ where: () => input.current?.focus() })
  return (
    <>
      <input
        ref={input}
        class="mono"
        value={text.value}
        placeholder="Every path"
        aria-label="Path or pattern"
        aria-keyshortcuts="/"
        size={20}
        spellcheck={false}
        onKeyDown={leaveByEnter}
        onInput={({ currentTarget: { value } }) => (text.value = value)}
        onChange={({ currentTarget: { value } }) => go({ path: value.trim(), query: route.value.query })}
      />
      {path !== '' && (
        <button class="bare" aria-label="Every path" onClick={() => go({ path: '', query: route.value.query })}>
          <Icon name="close" />
        </button>
      )}
    </>
  )
}

/** Changes of which the actors are suggested. */
const MOST_ACTORS_OF = 500

/** The actors that were seen, in any list, while the console is open. */
const actors: Signal<ReadonlySet<string>> = signal(new Set())

function addActors(list: readonly Change[]): void {
  const fresh = list.flatMap(({ document: { actor } }) => (actor === null || actors.peek().has(actor) ? [] : [actor]))
  if (fresh.length > 0) actors.value = new Set([...actors.peek(), ...fresh])
}

/** An actor, suggested among those that wrote lately; whatever the case, the one that wrote is meant. */
function ActorFilter({ actor, list }: { readonly actor: string; readonly list: readonly Change[] }): JSX.Element {
  useEffect(() => addActors(list), [list])
  // What is typed stays while changes come.
  const text = useSignal(actor)
  useEffect(() => {
    text.value = actor
  }, [actor])
  const isAsked = useRef(false)
  const ask = (): void => {
    if (isAsked.current) return
    isAsked.current = true
    // Without an answer, those of the list are suggested alone.
    client
      .peek()
      .log(['*'], { last: MOST_ACTORS_OF })
      .then(
        ({ changes }) => addActors(changes),
        () => {},
      )
  }
  const choose = (typed: string): void => {
    const same = [...actors.peek()].find((name) => name.toLowerCase() === typed.toLowerCase())
    const meant = actors.peek().has(typed) ? typed : (same ?? typed)
    text.value = meant
    goQuery({ actor: meant })
  }
  return (
    <>
      <input
        value={text.value}
        onInput={({ currentTarget: { value } }) => (text.value = value)}
        onKeyDown={leaveByEnter}
        placeholder="Anybody"
        aria-label="Actor"
        list="actors"
        size={10}
        onFocus={ask}
        onChange={({ currentTarget: { value } }) => choose(value.trim())}
      />
      <datalist id="actors">
        {[...actors.value].sort().map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  )
}

interface PeriodFilterProps {
  readonly from: string
  readonly to: string
  /** A period that ends now, as the address calls it; empty: another one. */
  readonly last: string
}

/** Chooses a period that ends now, or the times of any other one. */
function PeriodFilter({ from, to, last }: PeriodFilterProps): JSX.Element {
  const isOpen = useSignal(false)
  const isOwn = last === '' && (from !== '' || to !== '' || isOpen.value)
  const choose = (name: string): void => {
    isOpen.value = name === 'own'
    // The times begin as the period that was chosen before.
    if (name === 'own') goQuery({ from: startOfPeriod(last, client.value.serverNow()), last: '' })
    else goQuery({ last: name, from: '', to: '' })
  }
  return (
    <>
      <select
        aria-label="Period"
        value={isOwn ? 'own' : last}
        onChange={({ currentTarget: { value } }) => choose(value)}
      >
        <option value="">All time</option>
        {Object.entries(PERIODS).map(([key, { name }]) => (
          <option key={key} value={key}>
            {name}
          </option>
        ))}
        <option value="own">From – to</option>
      </select>
      {isOwn && <TimeFilter name="From" time={from} change={(time) => goQuery({ from: time })} />}
      {isOwn && <TimeFilter name="To" time={to} change={(time) => goQuery({ to: time })} />}
    </>
  )
}

interface TimeFilterProps {
  readonly name: string
  /** RFC 3339; empty: none. */
  readonly time: string
  readonly change: (time: string) => void
}

function TimeFilter({ name, time, change }: TimeFilterProps): JSX.Element {
  return (
    <label class="time">
      {name}
      <TimeInput time={time} change={change} />
    </label>
  )
}
