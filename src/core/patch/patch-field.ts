import type { FieldPath } from '../json/field.ts'
import { keyFault } from '../json/text.ts'
import { DatabaseError } from '../error.ts'
import { tooLarge, type Limits } from '../limits.ts'
import { utf8Length } from '../path.ts'
import { jsonPointer, malformedPatch } from './patch-error.ts'

/** A `~` in a JSON Pointer that stands for nothing: only `~0` and `~1` do. */
const BAD_ESCAPE = /~(?![01])/

/**
 * The field that a key of an operator names: `stats/likes`; empty: the whole value. Throws BAD_REQUEST, INVALID_VALUE
 * or TOO_LARGE.
 */
export function parseFieldKey(key: string, limits: Limits): FieldPath {
  if (key === '') return []
  const at = jsonPointer([key])
  if (key.startsWith('$')) throw malformedPatch(at, 'an operator stands inside a field, as in {"likes": {"$inc": 1}}')
  const field = key.split('/')
  if (field.includes('')) throw malformedPatch(at, 'a field is keys joined by single slashes, such as stats/likes')
  checkDepth(field, at, limits)
  checkKeys(field, at, limits)
  return field
}

/**
 * Keys and indexes of a JSON Pointer (RFC 6901); `at` is its own place in the patch. Throws BAD_REQUEST, INVALID_VALUE
 * or TOO_LARGE.
 */
export function parsePointer(pointer: string, at: string, limits: Limits): FieldPath {
  if ((pointer !== '' && !pointer.startsWith('/')) || BAD_ESCAPE.test(pointer)) {
    throw malformedPatch(at, 'a JSON Pointer is empty or begins with a slash, and "~" stands only in ~0 and ~1')
  }
  const field = pointer.split('/').slice(1)
  checkDepth(field, at, limits)
  const keys = field.map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
  checkKeys(keys, at, limits)
  return keys
}

function checkDepth({ length }: FieldPath, at: string, { valueDepth }: Limits): void {
  if (length < valueDepth) return
  throw placed(tooLarge('valueDepth', valueDepth, `A field of the patch lies ${length} levels deep`), at)
}

function checkKeys(keys: FieldPath, at: string, { objectKeyBytes }: Limits): void {
  for (const key of keys) {
    const fault = keyFault(key)
    if (fault !== null) throw new DatabaseError('INVALID_VALUE', `The patch cannot be kept exactly: ${fault}.`, { at })
    const bytes = utf8Length(key)
    if (bytes > objectKeyBytes) {
      throw placed(tooLarge('objectKeyBytes', objectKeyBytes, `A key in the patch has ${bytes} bytes`), at)
    }
  }
}

function placed({ code, message, details }: DatabaseError, at: string): DatabaseError {
  return new DatabaseError(code, message, { ...details, at })
}
