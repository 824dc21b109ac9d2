import { DatabaseError } from './error.ts'
import type { Revision } from './version.ts'

const FORMAT = /^([0-9a-z]{1,32})-([0-9a-z]{1,11})-([0-9a-z]{1,7})$/

/** FNV-1a, 32 bits (http://www.isthe.com/chongo/tech/comp/fnv/): finds damage; it is no signature. */
function checksum(text: string): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0).toString(36)
}

/** The cursor that stands for `revision` of the tenant whose epoch is `epoch` (letters a–z and digits). */
export function formatCursor(epoch: string, revision: Revision): string {
  const body = `${epoch}-${revision.toString(36)}`
  return `${body}-${checksum(body)}`
}

/** The revision that a cursor stands for. Throws CURSOR_UNKNOWN when it is damaged or of another epoch or tenant. */
export function parseCursor(epoch: string, cursor: string): Revision {
  const [, itsEpoch, digits, check] = FORMAT.exec(cursor) ?? []
  if (itsEpoch === undefined || digits === undefined || checksum(`${itsEpoch}-${digits}`) !== check) {
    throw unknownCursor('it was altered or is not a cursor')
  }
  const revision = Number.parseInt(digits, 36)
  if (itsEpoch !== epoch || revision.toString(36) !== digits || !Number.isSafeInteger(revision)) {
    throw unknownCursor('it belongs to another tenant, or to this one before a backup was restored')
  }
  return revision
}

/** CURSOR_UNKNOWN with the reason `why`. */
export function unknownCursor(why: string): DatabaseError {
  return new DatabaseError('CURSOR_UNKNOWN', `The cursor cannot be resumed from: ${why}. Read again from the start, or from now.`)
}
