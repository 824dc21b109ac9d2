import type { Document, Op } from '../../core/database.ts'
import { deleteField, getField, isFree, setField, type FieldPath } from '../../core/json/field.ts'
import type { Json } from '../../core/json/json.ts'
import { mergePatch } from '../../core/json/merge-patch.ts'
import type { Path } from '../../core/path.ts'
import type { PatchedValue } from './patches.ts'

/** The documents at their paths while operations are folded over them. */
export interface FoldedDocuments {
  get(path: string): Document | undefined
  paths(): Iterable<string>
  /** A document that an operation made or changed, with the actor of before; `isNew`: none was there. */
  set(document: Document, isNew: boolean): void
  remove(path: string): void
  readonly patched: PatchedValue
}

/**
 * Applies an operation as the server would, with the server's functions, for as much as the documents show; what cannot
 * be decided by them is left to the server. `time`: RFC 3339.
 */
export function foldOp(documents: FoldedDocuments, op: Op, time: string): void {
  try {
    fold(documents, op, time)
  } catch {
    // An operation that does not fit the documents is not shown: the server decides.
  }
}

function fold(documents: FoldedDocuments, op: Op, time: string): void {
  const path = op.path.split('/')
  switch (op.kind) {
    case 'post':
      if (op.id !== undefined) putDocument(documents, { path: `${op.path}/${op.id}`, value: op.value, time })
      return
    case 'put':
      return put(documents, { path, value: op.value, time })
    case 'patch':
      return change(documents, { path, time }, (value) => {
        if (value === undefined) throw new Error('Nothing is there to be patched.')
        return 'merge' in op.patch ? mergePatch(value, op.patch.merge) : documents.patched(value, op.patch, time)
      })
    case 'delete':
      return remove(documents, path, time)
  }
}

interface FieldLocation {
  readonly document: Document
  readonly field: FieldPath
}

/** The deepest shown document that a path names or lies in, and the rest of the path. */
function fieldLocation(documents: FoldedDocuments, path: Path): FieldLocation | null {
  for (let length = path.length - (path.length % 2); length >= 2; length -= 2) {
    const document = documents.get(path.slice(0, length).join('/'))
    if (document !== undefined) return { document, field: path.slice(length) }
  }
  return null
}

function put(
  documents: FoldedDocuments,
  { path, value, time }: { readonly path: Path; readonly value: Json; readonly time: string },
): void {
  const text = path.join('/')
  const isDocument = documents.get(text) !== undefined || path.length === 2 || hasSibling(documents, path)
  if (isDocument) putDocument(documents, { path: text, value, time })
  else change(documents, { path, time }, () => value)
}

/** Whether the path is that of a document beside others: a nested collection of its name is there. */
function hasSibling(documents: FoldedDocuments, path: Path): boolean {
  if (path.length % 2 === 1) return false
  const collection = `${path.slice(0, -1).join('/')}/`
  for (const other of documents.paths()) if (other.startsWith(collection)) return true
  return false
}

function putDocument(
  documents: FoldedDocuments,
  { path, value, time }: { readonly path: string; readonly value: Json; readonly time: string },
): void {
  const document = documents.get(path)
  if (document !== undefined) return documents.set({ ...document, value, updatedAt: time }, false)
  const id = path.slice(path.lastIndexOf('/') + 1)
  const times = { createdAt: time, updatedAt: time }
  documents.set({ path, id, version: 0, value, deleted: false, ...times, actor: null, cursor: '', asOf: '' }, true)
}

function change(
  documents: FoldedDocuments,
  { path, time }: { readonly path: Path; readonly time: string },
  next: (value: Json | undefined) => Json,
): void {
  const place = fieldLocation(documents, path)
  if (place === null) return
  const { document, field } = place
  const [name = '', ...below] = field
  // Where no field is there, the path may be that of a document in a nested collection, which need not be shown.
  if (below.length > 0 && isFree(document.value, name)) return
  const value = setField(document.value, field, next(getField(document.value, field)))
  documents.set({ ...document, value, updatedAt: time }, false)
}

/** A field, or a document or a collection with everything below. */
function remove(documents: FoldedDocuments, path: Path, time: string): void {
  const text = path.join('/')
  const below = [...documents.paths()].filter((other) => other === text || other.startsWith(`${text}/`))
  if (below.length > 0) return below.forEach((other) => documents.remove(other))
  const place = fieldLocation(documents, path)
  if (place === null || place.field.length === 0) return
  const value = deleteField(place.document.value, place.field)
  if (value !== undefined) documents.set({ ...place.document, value, updatedAt: time }, false)
}
