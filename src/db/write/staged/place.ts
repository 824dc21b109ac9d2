import { DatabaseError } from '../../../core/error.ts'
import { deleteField, fieldSetter, getField, type FieldPath } from '../../../core/json/field.ts'
import type { Json } from '../../../core/json/json.ts'
import { parentOf, pathText, type Path } from '../../../core/path.ts'
import type { DocumentEdits } from './document-edits.ts'
import type { DocumentHead } from './staged-documents.ts'

/** A field of a live document. */
interface FieldPlace {
  readonly head: DocumentHead
  readonly fieldPath: FieldPath
}

/** Where a document is, or may come: `before` is its head, null when it never had a version. */
interface DocumentPlace {
  readonly path: Path
  readonly before: DocumentHead | null
}

/** Puts a whole document. Throws NOT_FOUND or NAME_TAKEN where the parent of a new one does not allow it. */
export function putDocument(edits: DocumentEdits, { path, before }: DocumentPlace, value: Json): void {
  if (path.length > 2 && (before === null || before.deleted)) edits.liveParent(parentOf(path))
  edits.replace(path, before, value)
}

/** Puts a field, with missing parents inside the value. Throws NOT_FOUND where there is no place for it. */
export function putField(edits: DocumentEdits, { head, fieldPath }: FieldPlace, value: Json): void {
  edits.write(head, { fields: [fieldPath.join('/')], names: fieldPath.slice(0, 1) }, () => {
    try {
      return fieldSetter(edits.copies)(head.value, fieldPath, value)
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error
      const path = pathText([...head.path, ...fieldPath])
      throw new DatabaseError(error.code, error.message, { ...error.details, path })
    }
  })
}

/** Removes a field; false when there is none. */
export function removeField(edits: DocumentEdits, { head, fieldPath }: FieldPlace): boolean {
  const value = deleteField(head.value, fieldPath, edits.copies)
  if (value === undefined) return false
  // Removing an element of an array shifts the elements after it, so the whole array counts as written.
  const parent = fieldPath.slice(0, -1)
  const written = Array.isArray(getField(head.value, parent)) ? parent : fieldPath
  if (written.length === 0) edits.replace(head.path, head, value)
  // A removed field cannot collide with the name of a collection.
  else edits.write(head, { fields: [written.join('/')], names: [] }, () => value)
  return true
}
