import type { Change } from '../../core/database.ts'
import { joinFields } from '../../core/json/written-fields.ts'

/**
 * Changes of several commits as one per document, the latest: NEW and UPDATE are NEW, NEW and DELETE nothing, DELETE
 * and NEW are UPDATE, UPDATE and DELETE are DELETE. In the order of the last change of each.
 */
export function coalesce(changes: readonly Change[]): readonly Change[] {
  const byPath = new Map<string, Change>()
  for (const change of changes) {
    const earlier = byPath.get(change.path)
    byPath.delete(change.path)
    const both = earlier === undefined ? change : join(earlier, change)
    if (both !== null) byPath.set(change.path, both)
  }
  return [...byPath.values()]
}

/** Two changes of one document as one; null when it came and went. */
function join(earlier: Change, later: Change): Change | null {
  const isNew = earlier.type === 'NEW'
  if (later.type === 'DELETE') return isNew ? null : { ...later, before: earlier.before }
  const type = isNew ? 'NEW' : 'UPDATE'
  return { ...later, type, reason: reasonOf(type, earlier, later), before: earlier.before, fields: fieldsOf(earlier, later) }
}

/** What came is told by how it came; what stayed was written. */
function reasonOf(type: 'NEW' | 'UPDATE', earlier: Change, later: Change): Change['reason'] {
  if (type === 'NEW') return earlier.reason
  return later.type === 'UPDATE' ? later.reason : 'WRITE'
}

/** All fields that either wrote; none, the whole value, also where the document was not there between. */
function fieldsOf(earlier: Change, later: Change): readonly string[] {
  return earlier.type === 'DELETE' ? [] : joinFields(earlier.fields, later.fields)
}
