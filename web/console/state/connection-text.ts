/** The state of the connection, as the client tells it. */
interface ConnectionFacts {
  readonly status: 'idle' | 'connecting' | 'live' | 'offline' | 'denied'
  /** Writes without an answer. */
  readonly pending: number
}

/** The connection in words, and the kind of its dot. */
export function connectionText({ status, pending }: ConnectionFacts): {
  readonly kind: 'good' | 'wait' | 'bad'
  readonly text: string
} {
  const writes = pending === 1 ? '1 write waits' : `${pending} writes wait`
  const waiting = pending === 0 ? '' : `, ${writes}`
  switch (status) {
    case 'idle':
    case 'live':
      return { kind: 'good', text: 'Connected' }
    case 'connecting':
      return { kind: 'wait', text: `Connecting${waiting}` }
    case 'offline':
      return { kind: 'bad', text: `Offline${waiting}` }
    case 'denied':
      return { kind: 'bad', text: 'Access denied' }
  }
}
