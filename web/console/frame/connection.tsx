import { useSignal, useSignalEffect, type ReadonlySignal } from '@preact/signals'
import type { JSX } from 'preact'
import { client } from '../client.ts'
import { useReadable } from '../shared/use-store.ts'
import { connectionText } from '../state/connection-text.ts'
import { clockText } from '../state/time-text.ts'

type Connection = ReturnType<typeof connectionText>

/** The connection in words, followed while the component is shown. */
export function useConnection(): Connection {
  const connection = useReadable(() => client.value.connection)
  return connectionText(connection.value)
}

/** The connection in a word, with its dot. */
export function ConnectionText(): JSX.Element {
  const { kind, text } = useConnection()
  return (
    <p class="connection" role="status">
      <span class={`dot ${kind}`} />
      <span>{text}</span>
    </p>
  )
}

/** Says above the page that nothing comes any more, and since when; nothing while it does. */
export function ConnectionBar(): JSX.Element | null {
  const connection = useReadable(() => client.value.connection)
  const { kind, text } = connectionText(connection.value)
  const since = useSince(connection)
  if (kind !== 'bad') return null
  return (
    <p class="offline" role="alert">
      <span class="dot bad" />
      <strong>{text}</strong>
      {connection.value.status === 'offline' && (
        <span>What is shown is of {since}, and goes on by itself when the server answers.</span>
      )}
    </p>
  )
}

/** The clock at the moment at which the connection was lost. */
function useSince(connection: ReadonlySignal<{ readonly status: string }>): string {
  const since = useSignal('')
  useSignalEffect(() => {
    const now = Date.now()
    if (connection.value.status === 'offline') since.value ||= clockText(new Date(now).toISOString(), now)
    else if (connection.value.status === 'live') since.value = ''
  })
  return since.value
}
