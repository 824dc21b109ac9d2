import { expect, test } from 'vitest'
import { BrokenConnection } from '../../src/client/operations/remote-errors.ts'
import { withRetry } from '../../src/client/writes/retry.ts'
import { DatabaseError } from '../../src/core/error.ts'

/** The outcome of a write whose attempts end with these errors. */
async function outcomeAfter(...errors: readonly Error[]): Promise<unknown> {
  const left = [...errors]
  const attempt = (): Promise<never> => {
    // The last error is one after which there is no time for another attempt.
    return Promise.reject(left.shift() ?? new Error('no attempt is left'))
  }
  const deadline = performance.now() + 60_000
  const connected = (): Promise<void> => Promise.resolve()
  const error: unknown = await withRetry(attempt, { deadline, signal: undefined, connected, isWrite: true }).catch(
    (reason: unknown) => reason,
  )
  return error instanceof DatabaseError ? error.details['outcome'] : error
}

const refused = (outcome: string, retryAfterMs: number): DatabaseError =>
  new DatabaseError('UNAVAILABLE', 'Away.', { outcome, retryAfterMs })

test('the outcome of a write is that of all its attempts, and not of the last one', async () => {
  expect(await outcomeAfter(refused('NOT_DONE', 1), refused('NOT_DONE', 90_000))).toBe('NOT_DONE')
  expect(await outcomeAfter(refused('UNKNOWN', 1), refused('NOT_DONE', 90_000))).toBe('UNKNOWN')
  expect(await outcomeAfter(new BrokenConnection('cut'), refused('NOT_DONE', 90_000))).toBe('UNKNOWN')
  const unsent = new BrokenConnection('refused', { mayHaveArrived: false })
  expect(await outcomeAfter(unsent, refused('NOT_DONE', 90_000))).toBe('NOT_DONE')
})
