import { DatabaseError, type ErrorDetails } from '../../src/core/error.ts'

/** The DatabaseError that `run` throws; anything else that it does is a failure. */
export function thrown(run: () => unknown): DatabaseError {
  let result: unknown
  try {
    result = run()
  } catch (error) {
    if (error instanceof DatabaseError) return error
    throw error
  }
  throw new Error(`Nothing was thrown; the result is ${JSON.stringify(result)?.slice(0, 200)}.`)
}

/** What a TOO_LARGE error with these details looks like. */
export const tooLarge = (details: ErrorDetails): object => ({ code: 'TOO_LARGE', details })

/** What an INVALID_VALUE error about this place looks like. */
export const invalidAt = (at: string | undefined): object => ({ code: 'INVALID_VALUE', details: { at } })
