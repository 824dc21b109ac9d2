import { pathText, utf8Length } from '../../../core/path.ts'
import { boundedJson, jsonBytes } from '../../../core/json/value.ts'
import { checkValueSteps } from '../../../core/json/value-steps.ts'
import { tooLarge, type Limits } from '../../../core/limits.ts'
import type { Write } from '../../../core/version.ts'
import { checkSystemValue } from './precondition.ts'

/** Estimated bytes that a store keeps beside each value: numbers, times, the names of its own fields, an id. */
const ROW_BYTES = 128

/** The part of a request that each version of its commit repeats. */
export interface RequestOrigin {
  readonly key: string | undefined
  readonly actor: string | null
}

interface WriteCheck {
  readonly origin: RequestOrigin
  readonly limits: Limits
  /** Whether the value was composed of parts: these were checked against the limits, the whole was not. */
  readonly isComposed: (write: Write) => boolean
}

/** The writes of a draft, with their texts. */
interface CheckedWrites {
  readonly writes: readonly Write[]
  /** Bytes of the values, as compact JSON, and of the data that a store keeps beside each. */
  readonly bytes: number
}

/** Checks each value that a draft writes, and the sum of bytes, in steps. Throws TOO_LARGE or INVALID_VALUE. */
export function* checkWrites(
  writes: readonly Write[],
  { origin, limits, isComposed }: WriteCheck,
): Generator<undefined, CheckedWrites> {
  // Keys of the request were checked at its parsing; a longer key from before that limit existed must not block other
  // writes.
  const composedLimits = { ...limits, objectKeyBytes: Infinity }
  const checked: Write[] = []
  let bytes = 0
  for (const write of writes) {
    bytes += overheadBytes(write, origin)
    if (write.type === 'DELETE') {
      checked.push(write)
      continue
    }
    checkSystemValue(write)
    if (isComposed(write)) yield* checkValueSteps(write.value, composedLimits)
    yield
    const text = boundedJson(write.value, limits)
    checked.push({ ...write, json: text.json })
    bytes += text.bytes
    yield
  }
  const { transactionBytes } = limits
  if (writes.length > 1 && bytes > transactionBytes) {
    throw tooLarge('transactionBytes', transactionBytes, `The transaction writes ${bytes} bytes`)
  }
  return { writes: checked, bytes }
}

/**
 * Estimated bytes that a store keeps beside the value of one write: its path, its fields, its commit's id and actor.
 */
function overheadBytes({ path, fields }: Write, { key, actor }: RequestOrigin): number {
  return ROW_BYTES + utf8Length(pathText(path)) + jsonBytes(fields) + utf8Length(key ?? '') + utf8Length(actor ?? '')
}
