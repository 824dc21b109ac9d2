import type { JSX } from 'preact'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { Icon } from '../console/shared/icon.tsx'
import { EntryView } from './entry-view.tsx'
import { Prompt } from './prompt.tsx'
import { ReplSession } from './session.ts'
import { useFrame } from './use-frame.ts'
import '../console/data/document.css'
import './repl.css'

/** What can be tried at once. */
const EXAMPLES = [
  `await db.get('posts')`,
  `const { node } = (await db.documents('posts', { first: 1 })).edges[0]; node.value`,
  `await db.put('posts/hello', { title: 'Hello' })`,
  `for await (const { changes } of db.changes(['posts'], { last: 3 })) print(changes)`,
]

/** What was run stays while the console is open. */
const session = new ReplSession()

/** JavaScript with `db`, in a frame that reaches nothing but the database. */
export function ReplPage(): JSX.Element {
  const { frame, version, reset } = useFrame(session)
  const { value: entries } = session.entries
  const log = useRef<HTMLDivElement>(null)
  const shown = useMemo(() => ({ lines: 0 }), [])
  useEffect(() => {
    const lines = entries.reduce((sum, entry) => sum + 1 + entry.lines.length + entry.dropped, 0)
    if (lines !== shown.lines) log.current?.scrollTo({ top: log.current.scrollHeight })
    shown.lines = lines
  })
  return (
    <section class="page repl">
      <div class="bar">
        <h1>REPL</h1>
        <span class="quiet repl-hint">JavaScript with db, the client. It reaches the database and nothing else.</span>
        <span class="space" />
        <button onClick={() => session.clear()} disabled={entries.length === 0}>
          Clear
        </button>
        <button onClick={reset} title="Ends all that runs; what was declared is gone">
          <Icon name="undo" /> Reset
        </button>
      </div>
      <div class="repl-log" ref={log} role="log" aria-label="Output" tabIndex={0}>
        {entries.length === 0 ? (
          <Examples />
        ) : (
          entries.map((entry) => <EntryView {...{ session, entry }} key={entry.run} />)
        )}
      </div>
      <Prompt run={(code) => session.run(code)} />
      <iframe key={version} ref={frame} src="/repl-frame" sandbox="allow-scripts" title="Code of the REPL" hidden />
    </section>
  )
}

function Examples(): JSX.Element {
  return (
    <div class="repl-examples">
      <h2>Try one of these</h2>
      <ul>
        {EXAMPLES.map((code) => (
          <li key={code}>
            <button class="bare mono" onClick={() => session.run(code)}>
              {code}
            </button>
          </li>
        ))}
      </ul>
      <p class="quiet">
        <kbd>Enter</kbd> runs, <kbd>Shift Enter</kbd> begins a line, <kbd>Tab</kbd> completes paths, <kbd>↑</kbd> brings
        back what was run. <code>_</code> is the last result, <code>help</code> lists what can be called.
      </p>
    </div>
  )
}
