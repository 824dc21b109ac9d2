import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { clockText } from '../console/state/time-text.ts'
import { msText } from './numbers.ts'
import type { RequestEntry } from '../../src/server/status/status-answer.ts'

/** Requests that are lit when they come: where there are more, all would be. */
const MOST_LIT = 8

interface RequestsProps {
  /** The newest first. */
  readonly requests: readonly RequestEntry[]
  /** Number of the newest one that was shown before. */
  readonly seen: number
}

/** The last requests; while it is paused, what is shown stays. */
export function Requests({ requests, seen }: RequestsProps): JSX.Element {
  const paused = useSignal<readonly RequestEntry[] | null>(null)
  const text = useSignal('')
  const all = paused.value ?? requests
  const isCalm = (requests[MOST_LIT]?.seq ?? 0) <= seen
  const shown = text.value === '' ? all : all.filter((entry) => lineOf(entry).includes(text.value.toLowerCase()))
  return (
    <section aria-labelledby="server-requests">
      <div class="requests-head">
        <h2 id="server-requests">
          Requests <span class="quiet">{shown.length.toLocaleString('en')}</span>
        </h2>
        <input
          type="search"
          aria-label="Requests with this text"
          placeholder="Find"
          value={text.value}
          onInput={({ currentTarget }) => (text.value = currentTarget.value)}
        />
        <button
          aria-pressed={paused.value !== null}
          onClick={() => (paused.value = paused.value === null ? requests : null)}
        >
          Pause
        </button>
      </div>
      <table class="server-table requests">
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Method</th>
            <th scope="col">Path</th>
            <th scope="col" class="number">
              Code
            </th>
            <th scope="col" class="number">
              ms
            </th>
            <th scope="col">Request</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((entry) => (
            <Line key={entry.seq} entry={entry} isNew={entry.seq > seen && isCalm} />
          ))}
        </tbody>
      </table>
      {shown.length === 0 && <p class="quiet">{all.length === 0 ? 'No request yet.' : 'No request has this text.'}</p>}
    </section>
  )
}

/** All that can be found of a request, in lower case. */
function lineOf({ method, path, operation, code, id, seq }: RequestEntry): string {
  return `${method} ${path} ${operation ?? ''} ${code} ${id ?? ''} #${seq}`.toLowerCase()
}

function Line({ entry, isNew }: { readonly entry: RequestEntry; readonly isNew: boolean }): JSX.Element {
  const { seq, at, method, path, operation, code, ms, id } = entry
  return (
    <tr class={isNew ? 'lit' : undefined} data-seq={seq}>
      <td class="quiet">{clockText(new Date(at).toISOString(), at)}</td>
      <td>{method}</td>
      <td class="mono shape">
        {path}
        {operation !== null && <span class="quiet"> {operation}</span>}
      </td>
      <td class="number">
        <span class={`tag ${code >= 500 || code === 0 ? 'bad' : code >= 400 ? 'wait' : ''}`}>{code || 'cut'}</span>
      </td>
      <td class="number">{msText(ms)}</td>
      <td class="mono quiet">{id ?? `#${seq}`}</td>
    </tr>
  )
}
