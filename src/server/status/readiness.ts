import type { GraphQLError } from 'graphql'

/** Whether the server should get traffic, by what became of the latest operations. */
export interface Readiness {
  /** Looks at an error that a client gets. */
  observe(error: GraphQLError): void
  /** From now on the answer is no. */
  stop(): void
  /** Null, or why not. */
  reason(): string | null
}

/** How long one failure of the store counts; whoever comes then finds out whether it still fails. */
const FAILURE_MS = 5_000

const FAILURES = new Set<unknown>(['UNAVAILABLE', 'STORAGE_FULL'])

/** Readiness of a server that is running. `now` gives milliseconds. */
export function createReadiness(now: () => number): Readiness {
  let failedAt = -Infinity
  let stopping = false
  return {
    observe: ({ extensions }) => {
      if (FAILURES.has(extensions['code'])) failedAt = now()
    },
    stop: () => {
      stopping = true
    },
    reason: () => {
      if (stopping) return 'The server is stopping.'
      return now() - failedAt < FAILURE_MS ? 'The store failed a moment ago.' : null
    },
  }
}
