import type { JSX } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import { bytesText, durationText, rateText } from './numbers.ts'
import { Requests } from './requests.tsx'
import { Sparkline } from './sparkline.tsx'
import type { StatusAnswer } from '../../src/server/status/status-answer.ts'
import { StatusFeed, type ServerState } from './status-feed.ts'
import { Subscriptions } from './subscriptions.tsx'
import './server.css'

/** What the server does now. */
export function ServerPage(): JSX.Element {
  const feed = useMemo(() => new StatusFeed(askStatus), [])
  useEffect(() => feed.open(), [])
  const { value: state } = feed.state
  const { answer, status } = state
  return (
    <section class="page server" data-status={status} aria-busy={status === 'loading'}>
      <div class="bar">
        <h1>Server</h1>
        {answer !== null && <Headline answer={answer} />}
        <span class="space" />
        <ServerStatus state={state} />
      </div>
      {answer !== null && (
        <div class="server-body" tabIndex={0} role="region" aria-label="What the server does">
          <Rates state={state} />
          <Subscriptions subscriptions={answer.subscriptions} />
          <Requests requests={state.requests} seen={state.seen} />
          <Configuration config={answer.config} />
        </div>
      )}
    </section>
  )
}

async function askStatus(after: number): Promise<StatusAnswer> {
  const response = await fetch(`/status?after=${after}`)
  if (!response.ok) throw new Error(`The status is ${response.status}.`)
  return (await response.json()) as StatusAnswer
}

function Headline({ answer: { versions, startedAt, time, pid } }: { readonly answer: StatusAnswer }): JSX.Element {
  const runs = durationText(Math.max(Date.parse(time) - Date.parse(startedAt), 0))
  return (
    <span class="quiet headline">
      Tidemark {versions['tidemark']} · Node {versions['node']?.replace('v', '')} · process {pid} · up {runs}
    </span>
  )
}

function ServerStatus({ state: { status, answer } }: { readonly state: ServerState }): JSX.Element {
  const reason = answer?.notReady ?? null
  const kind = status === 'offline' ? 'bad' : status === 'loading' || reason !== null ? 'wait' : 'good'
  const text = { loading: 'Asking', offline: 'No answer; asking again', live: reason ?? 'Ready' }[status]
  return (
    <span class="server-status" role="status">
      <span class={`dot ${kind}`} /> {text}
    </span>
  )
}

const RATES = [
  ['writes', 'Writes'],
  ['reads', 'Reads'],
  ['deliveries', 'Deliveries'],
] as const

function Rates({ state: { rates, answer } }: { readonly state: ServerState }): JSX.Element {
  const sizes = answer?.sizes
  return (
    <div class="figures">
      {RATES.map(([name, title]) => (
        <figure key={name} data-rate={name}>
          <figcaption class="quiet">
            {title} <span>per second</span>
          </figcaption>
          <strong>{rateText(rates.at(-1)?.[name] ?? 0)}</strong>
          <span class="quiet sum">{(answer?.traffic[name] ?? 0).toLocaleString('en')} in all</span>
          <Sparkline values={rates.map((rate) => rate[name])} />
        </figure>
      ))}
      <dl class="sizes">
        <Fact name="Data on disk" value={bytesText(sizes?.dataBytes ?? null)} />
        <Fact name="Commits" value={(answer?.revision ?? 0).toLocaleString('en')} />
        <Fact name="Memory" value={bytesText(sizes?.rssBytes ?? null)} />
        <Fact name="Held for clients" value={bytesText(sizes?.heldBytes ?? null)} />
      </dl>
    </div>
  )
}

function Fact({ name, value }: { readonly name: string; readonly value: string }): JSX.Element {
  return (
    <div>
      <dt class="quiet">{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}

function Configuration({ config }: { readonly config: StatusAnswer['config'] }): JSX.Element {
  return (
    <section aria-labelledby="server-config">
      <h2 id="server-config">Configuration</h2>
      <dl class="config">
        {Object.entries(config).map(([name, value]) => (
          <Fact key={name} name={name} value={configText(value)} />
        ))}
      </dl>
    </section>
  )
}

function configText(value: unknown): string {
  if (typeof value === 'string') return value
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0
  return isEmpty ? (Array.isArray(value) ? 'none' : 'defaults') : JSON.stringify(value)
}
