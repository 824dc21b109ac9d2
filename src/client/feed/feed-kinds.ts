import type { ChangeBatch, ObservedValue } from '../../core/database.ts'
import type { ChangesOptions, Cursor, FeedOptions, WatchOptions } from '../../core/database/options.ts'
import { readCursor } from '../../core/cursor.ts'
import { equalJson } from '../../core/json/value.ts'
import type { Json } from '../../core/json/json.ts'
import { batchOf } from '../operations/answers.ts'
import {
  subscriptionChanges,
  subscriptionGet,
  subscriptionLive,
  type WireChangeBatch,
} from '../operations/operations.generated.ts'
import { operationOf } from '../operations/requests.ts'
import type { FeedKind } from './remote-feed.ts'

const HEARTBEAT_MS = 15_000

type SentOptions<T> = Omit<T, 'signal'>

/** `changes`: every batch, in order; `limit` counts over all connections. */
export function changesKind(
  paths: readonly string[],
  { limit, ...options }: SentOptions<ChangesOptions>,
): FeedKind<ChangeBatch> {
  let left = limit
  return {
    ...batchKind(options),
    operation: (after) => operationOf(subscriptionChanges, { paths, limit: left, ...options, ...resumed(after) }),
    read: (data) => {
      const batch = readBatch(data['changes'], options)
      if (left !== undefined) left -= batch.changes.length
      return batch
    },
    restarts: false,
    isComplete: () => left !== undefined && left <= 0,
  }
}

/** `live`: every batch, in order; a reader that was paused then gets the latest of each document. */
export function liveKind(paths: readonly string[], options: SentOptions<FeedOptions>): FeedKind<ChangeBatch> {
  return {
    ...batchKind(options),
    operation: (after) => operationOf(subscriptionLive, { paths, ...options, ...resumed(after) }),
    read: (data, isRestarted) => {
      const batch = readBatch(data['live'], options)
      return isRestarted && batch.reset === null ? { ...batch, reset: 'RESTORED' } : batch
    },
    restarts: true,
  }
}

/** `watch`: a slow reader gets the latest value; one that a new connection repeats is skipped. */
export function watchKind(path: string, options: SentOptions<WatchOptions>): FeedKind<ObservedValue> {
  let last: Json | undefined
  return {
    operation: () => operationOf(subscriptionGet, { path, ...options }),
    read: (data) => {
      const value = data['get'] as Json
      if (last !== undefined && equalJson(last, value)) return null
      last = value
      return { value }
    },
    cursorOf: () => null,
    isUpToDate: () => true,
    asBehind: (item) => item,
    isResumable: () => false,
    merge: (_, item) => item,
    restarts: false,
    isComplete: () => false,
    heartbeatMs: 0,
    sizeOf: () => 0,
  }
}

function batchKind({ heartbeatMs = HEARTBEAT_MS }: FeedOptions) {
  return {
    cursorOf: ({ cursor }) => cursor,
    isUpToDate: ({ upToDate }) => upToDate,
    asBehind: (batch) => (batch.upToDate ? { ...batch, upToDate: false } : batch),
    isResumable: ({ cursor }) => !isHalf(cursor),
    // A heartbeat that nobody read is as good as the batch after it.
    merge: (waiting, item) => (waiting.changes.length === 0 && waiting.reset === null ? item : null),
    isComplete: () => false,
    heartbeatMs,
    sizeOf: (batch) => JSON.stringify(batch).length,
  } satisfies Partial<FeedKind<ChangeBatch>>
}

/** Whether a cursor stands for half a snapshot, from which nothing resumes. */
function isHalf(cursor: Cursor): boolean {
  return readCursor(cursor).partial
}

/** Another server may have to wait for a cursor. */
function resumed(after: Cursor | null): { readonly after?: Cursor; readonly atLeast?: Cursor } {
  if (after === null) return {}
  return isHalf(after) ? { after } : { after, atLeast: after }
}

function readBatch(batch: unknown, { columns }: FeedOptions): ChangeBatch {
  return batchOf(batch as WireChangeBatch, columns !== undefined)
}
