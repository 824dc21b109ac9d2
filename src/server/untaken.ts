import type { ServerResponse } from 'node:http'
import { tooBusy } from './body.ts'

/** Bytes of answers that were not taken yet, of all connections together. */
export interface Untaken {
  /** Throws TOO_MANY_REQUESTS when `more` bytes have no room. */
  check(more: number): void
  /** Counts bytes until the response has left. */
  add(res: ServerResponse, bytes: number): void
}

/** A count of at most `max` bytes. */
export function createUntaken(max: number): Untaken {
  let untaken = 0
  return {
    check: (more) => {
      if (untaken + more > max) throw tooBusy('The server holds as many answers that were not taken as it may')
    },
    add: (res, bytes) => {
      untaken += bytes
      res.once('close', () => {
        untaken -= bytes
      })
    },
  }
}
