import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { client } from '../client.ts'
import { Icon } from '../shared/icon.tsx'
import { useKeys } from '../shared/use-keys.ts'
import type { ChangeLog } from '../state/change-log.ts'
import { asOf, go, goQuery, route } from '../state/location.ts'
import type { Undo } from '../state/undo.ts'

/** Which changes are shown. */
export function Filters({ log, undo }: { readonly log: ChangeLog; readonly undo: Undo }): JSX.Element {
  const { path, query } = route.value
  const { actor = '', type = '', from = '', to = '' } = query
  const { isPaused, waiting, status } = log.state.value
  const undoAll = (): void => {
    const period = { ...(from !== '' && { from }), ...(to !== '' && { to }), ...(path !== '' && { paths: [path] }) }
    void undo.ask(client.value, { actor: { actor, ...period } }, `All that ${actor} wrote here`)
  }
  return (
    <div class="bar filters">
      <PathFilter path={path} />
      <input
        value={actor}
        placeholder="Anybody"
        aria-label="Actor"
        size={10}
        onChange={({ currentTarget: { value } }) => goQuery({ actor: value.trim() })}
      />
      <select aria-label="Type" value={type} onChange={({ currentTarget: { value } }) => goQuery({ type: value })}>
        <option value="">All types</option>
        <option>NEW</option>
        <option>UPDATE</option>
        <option>DELETE</option>
      </select>
      <TimeFilter name="From" time={from} change={(time) => goQuery({ from: time })} />
      <TimeFilter name="To" time={to} change={(time) => goQuery({ to: time })} />
      <span class="space" />
      {actor !== '' && asOf.value === null && (
        <button onClick={undoAll}>
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

function PathFilter({ path }: { readonly path: string }): JSX.Element {
  const input = useRef<HTMLInputElement>(null)
  const text = useSignal(path)
  useEffect(() => {
    text.value = path
  }, [path])
  useKeys({ where: () => input.current?.focus() })
  return (
    <input
      ref={input}
      class="mono"
      value={text.value}
      placeholder="Every path"
      aria-label="Path or pattern"
      aria-keyshortcuts="/"
      size={20}
      spellcheck={false}
      onInput={({ currentTarget: { value } }) => (text.value = value)}
      onChange={({ currentTarget: { value } }) => go({ path: value.trim(), query: route.value.query })}
    />
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
      <input
        type="datetime-local"
        step={1}
        value={localOf(time)}
        onChange={({ currentTarget: { value } }) => change(value === '' ? '' : new Date(value).toISOString())}
      />
    </label>
  )
}

/** A time as `datetime-local` has it: by the clock of the reader, without a zone. */
function localOf(time: string): string {
  if (time === '') return ''
  const date = new Date(time)
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19)
}
