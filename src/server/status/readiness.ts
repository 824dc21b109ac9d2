import type { GraphQLError } from 'graphql'

/** Whether the server should get traffic, judged by the errors of recent operations. */
export interface Readiness {
  /** Called with every error that a client gets. */
  observe(error: GraphQLError): void
  /** From now on the server is not ready. */
  stop(): void
  /** Null, or why the server is not ready. */
  reason(): string | null
}

/** How long one failure of the store counts, ms; the next operation shows whether the store still fails. */
const FAILURE_MS = 5_000

const FAILURES = new Set<unknown>(['UNAVAILABLE', 'STORAGE_FULL'])

/** Readiness of a running server. `now`: a clock in ms. */
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
