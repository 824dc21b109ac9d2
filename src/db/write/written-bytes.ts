import { pathText, utf8Length } from '../../core/path.ts'
import { jsonBytes } from '../../core/json/value.ts'
import type { Write } from '../../core/version.ts'
import type { Request } from './request.ts'

/** About what a store keeps beside each value for itself: numbers, times, the names of its own fields, an id it makes. */
const ROW_BYTES = 128

/** About the bytes that a store keeps beside the value of one write: its path, its fields, and whose commit it is. */
export function overheadBytes({ path, fields }: Write, { key, actor }: Request): number {
  return ROW_BYTES + utf8Length(pathText(path)) + jsonBytes(fields) + utf8Length(key ?? '') + utf8Length(actor ?? '')
}
