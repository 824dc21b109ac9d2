import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import type { Json } from '../../src/core/json/json.ts'
import { CopyText } from '../console/shared/copy-text.tsx'
import { JsonView } from '../console/shared/json-view.tsx'
import type { ShownCall } from './frame-host.ts'
import { curlOfOperation, graphqlText } from './recorder.ts'
import type { Entry, ReplSession } from './session.ts'

interface EntryProps {
  readonly session: ReplSession
  readonly entry: Entry
}

/** A program and what came of it. */
export function EntryView({ session, entry }: EntryProps): JSX.Element {
  const { run, code, status, lines, dropped, calls } = entry
  return (
    <article class="repl-entry" data-run={run} data-status={status} aria-label={`Program ${run}`}>
      <div class="repl-code">
        <pre class="mono">{code}</pre>
        {status === 'running' && (
          <>
            <span class="tag wait">runs</span>
            <button onClick={() => session.stop(run)}>Stop</button>
          </>
        )}
      </div>
      {dropped > 0 && <p class="quiet">{dropped.toLocaleString('en')} earlier lines are not kept.</p>}
      {lines.map(({ kind, text }, i) => (
        <div class={`repl-line ${kind}`} key={dropped + i}>
          {kind === 'failure' ? <pre class="mono">{text}</pre> : <Value text={text} />}
        </div>
      ))}
      {calls.length > 0 && <Calls calls={calls} />}
    </article>
  )
}

/** A text in the colours of JSON when it is JSON. */
function Value({ text }: { readonly text: string }): JSX.Element {
  const value = parsed(text)
  return value === undefined ? <pre class="mono">{text}</pre> : <JsonView value={value} />
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

function Calls({ calls }: { readonly calls: readonly ShownCall[] }): JSX.Element {
  const isOpen = useSignal(false)
  const names = [...new Set(calls.map(({ name }) => name))].join(', ')
  return (
    <details class="repl-calls" onToggle={({ currentTarget }) => (isOpen.value = currentTarget.open)}>
      <summary class="quiet">
        {names} as curl and GraphQL{calls.length > 1 && ` (${calls.length})`}
      </summary>
      {isOpen.value && calls.map((call, i) => <Call key={i} call={call} />)}
    </details>
  )
}

function Call({ call: { name, operation } }: { readonly call: ShownCall }): JSX.Element {
  return (
    <div class="repl-call">
      <CopyText name={`curl of ${name}`} text={curlOfOperation(operation, location.origin)} />
      <CopyText name={`GraphQL of ${name}`} text={graphqlText(operation)} />
    </div>
  )
}
