import { pathText, utf8Length } from '../../../core/path.ts'
import { jsonBytes } from '../../../core/json/value.ts'
import type { Write } from '../../../core/version.ts'

/** Estimated bytes that a store keeps beside each value: numbers, times, the names of its own fields, an id. */
const ROW_BYTES = 128

/** The part of a request that each version of its commit repeats. */
export interface RequestOrigin {
  readonly key: string | undefined
  readonly actor: string | null
}

/**
 * Estimated bytes that a store keeps beside the value of one write: its path, its fields, its commit's id and actor.
 */
export function overheadBytes({ path, fields }: Write, { key, actor }: RequestOrigin): number {
  return ROW_BYTES + utf8Length(pathText(path)) + jsonBytes(fields) + utf8Length(key ?? '') + utf8Length(actor ?? '')
}
