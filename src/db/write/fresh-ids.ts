import { randomFillSync } from 'node:crypto'
import { monotonicFactory } from 'ulid'
import type { Millis } from '../../core/version.ts'

/** Random bytes that are drawn at once: one by one, as `ulid` does, they cost 5 % of a write. */
const DRAWN_BYTES = 1_024

/** A generator of monotonic ULIDs (https://github.com/ulid/spec). `now`: the time, ms. */
export function freshIds(now: () => Millis): () => string {
  const bytes = new Uint8Array(DRAWN_BYTES)
  let used = bytes.length
  const ulid = monotonicFactory(() => {
    if (used === bytes.length) {
      randomFillSync(bytes)
      used = 0
    }
    return (bytes[used++] ?? 0) / 256
  })
  return () => ulid(now())
}
