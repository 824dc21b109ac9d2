import type { Change } from '../database.ts'
import { joinFields } from '../json/written-fields.ts'

/**
 * Merges changes of several commits into one per document, in the order of each document's last change: NEW and UPDATE
 * give NEW, NEW and DELETE nothing, DELETE and NEW an UPDATE, UPDATE and DELETE a DELETE.
 */
export function coalesce(changes: readonly Change[]): readonly Change[] {
  const byPath = new Map<string, Change>()
  for (const change of changes) {
    const earlier = byPath.get(change.path)
    byPath.delete(change.path)
    const merged = earlier === undefined ? change : merge(earlier, change)
    if (merged !== null) byPath.set(change.path, merged)
  }
  return [...byPath.values()]
}

/** Merges two changes of one document; null for a NEW and a DELETE. */
function merge(earlier: Change, later: Change): Change | null {
  const isNew = earlier.type === 'NEW'
  if (later.type === 'DELETE') return isNew ? null : { ...later, before: earlier.before }
  const type = isNew ? 'NEW' : 'UPDATE'
  return {
    ...later,
    type,
    reason: reasonOf(type, earlier, later),
    before: earlier.before,
    fields: fieldsOf(earlier, later),
  }
}

/**
 * A NEW keeps the first change's reason; an UPDATE keeps the last one's, and is a WRITE if the last change was a NEW.
 */
function reasonOf(type: 'NEW' | 'UPDATE', earlier: Change, later: Change): Change['reason'] {
  if (type === 'NEW') return earlier.reason
  return later.type === 'UPDATE' ? later.reason : 'WRITE'
}

/**
 * The union of the written fields; empty (the whole value) where either is, or where the document was absent in
 * between.
 */
function fieldsOf(earlier: Change, later: Change): readonly string[] {
  return earlier.type === 'DELETE' ? [] : joinFields(earlier.fields, later.fields)
}
