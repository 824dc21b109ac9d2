import { Copies } from '../../core/json/copies.ts'
import type { Expect } from '../../core/database.ts'
import { badArgument, DatabaseError } from '../../core/error.ts'
import { deleteField, fieldSetter, getField } from '../../core/json/field.ts'
import { isObject, type Json } from '../../core/json/json.ts'
import { tooLarge, type Limits } from '../../core/limits.ts'
import { mergedFields, mergePatch } from '../../core/json/merge-patch.ts'
import { isDocumentPath, lastOf, parentOf, pathText, type Path } from '../../core/path.ts'
import { checkSize, exactValue } from '../../core/json/value.ts'
import type { Millis, Write } from '../../core/version.ts'
import { joinFields, settledFields } from '../../core/json/written-fields.ts'
import type { Expectation } from '../../store/store.ts'
import {
  checkExpectation,
  freshNames,
  isFree,
  isEmptyArray,
  notFound,
  tooMany,
  checkSystemValue,
  headDocument,
  mustBeObject,
  nameTaken,
} from './precondition.ts'
import { resolveStored, type ResolvedPath } from '../../core/path-resolution.ts'
import type { WriteOperation, Request } from './request.ts'
import type { DocumentHead, StagedDocuments } from './staged-documents.ts'
import { overheadBytes } from './written-bytes.ts'

/** A drafted request: what it read and what it writes. */
export interface Drafted {
  readonly expects: readonly Expectation[]
  readonly writes: readonly Write[]
  /** Bytes of the values, as compact JSON, and of the data that a store keeps beside each. */
  readonly bytes: number
}

interface DraftContext {
  /** The time that the commit will be proposed with. */
  readonly at: Millis
  readonly limits: Limits
}

/**
 * Drafts a request: resolves its paths on `state`, and turns its operations into writes with expectations. On success
 * the writes become part of the state; a refusal (thrown DatabaseError) leaves it as it was
 * (docs/adr/0002-drafts-carry-expectations.md).
 */
export function draft(request: Request, state: StagedDocuments, context: DraftContext): Drafted {
  const drafting = new Drafting(state, context)
  for (const check of request.checks) drafting.check(check.path, check.expect)
  for (const operation of request.operations) drafting.run(operation)
  return drafting.finish(request)
}

/**
 * A document that this draft writes: its head before, if any, and the fields written so far (none: the whole value).
 */
interface DocumentEdit {
  readonly before: DocumentHead | null
  readonly fields: readonly string[]
}

/** The fields that one operation writes, and the top-level field names that may be new after it. */
interface WrittenDocument {
  readonly fields: readonly string[]
  readonly names: readonly string[]
}

class Drafting {
  readonly #state: StagedDocuments
  readonly #limits: Limits
  readonly #at: Millis
  readonly #edits = new Map<string, DocumentEdit>()
  /** Parts of values that this draft has copied: later operations change them in place. */
  readonly #copies = new Copies()
  readonly #reads = new Map<string, { readonly path: Path; readonly version: number }>()
  readonly #unchanged = new Map<string, Path>()
  /** Documents whose value this draft composed: its parts were checked against the limits, the whole was not. */
  readonly #composed = new Set<string>()

  constructor(state: StagedDocuments, { at, limits }: DraftContext) {
    this.#state = state.begin()
    this.#at = at
    this.#limits = limits
  }

  check(path: Path, expect: Expect): void {
    checkExpectation(this.#read(path), path, expect)
  }

  run(operation: WriteOperation): void {
    switch (operation.kind) {
      case 'post':
        return this.#post(operation)
      case 'put':
        return this.#put(operation.path, operation.value, operation.expect)
      case 'patch':
        return this.#patch(operation.path, operation.merge, operation.expect)
      case 'delete':
        return this.#delete(operation.path, operation.expect)
      case 'purge':
        return this.#deleteTree(operation.path, 'purge')
    }
  }

  finish(request: Request): Drafted {
    const writes: Write[] = []
    for (const [text, edit] of this.#edits) {
      const write = this.#writeOf(text, edit)
      if (write !== null) writes.push(write)
    }
    const bytes = this.#checkValues(writes, request)
    this.#state.merge()
    return { expects: this.#expectations(), writes, bytes }
  }

  #post({ path: collection, value, id, fresh }: Extract<WriteOperation, { kind: 'post' }>): void {
    if (collection.length > 1) this.#liveParent(collection)
    const path = [...collection, id]
    const before = fresh ? null : this.#read(path)
    if (before !== null && !before.deleted) {
      const text = pathText(path)
      throw new DatabaseError(
        'EXISTS',
        `${text} is already there; put replaces it, another id makes another document.`,
        { path: text },
      )
    }
    this.#replace(path, before, value)
  }

  #put(path: Path, value: Json, expect: Expect | undefined): void {
    const { head, fieldPath } = this.#resolve(path)
    if (fieldPath.length === 0 || this.#isNewDocument(path)) {
      // Of a purged document the numbers of versions go on.
      const before = fieldPath.length === 0 ? head : this.#read(path)
      checkExpectation(before, path, expect)
      return this.#putDocument(path, before, value)
    }
    const document = headDocument(head, path)
    const live = this.#live(
      head,
      document,
      `does not exist, so nothing can be put inside it: put ${pathText(document)} first`,
    )
    checkExpectation(live, live.path, expect)
    this.#write(live, { fields: [fieldPath.join('/')], names: fieldPath.slice(0, 1) }, () =>
      this.#setField(live, fieldPath, value),
    )
  }

  #setField(head: DocumentHead, fieldPath: Path, value: Json): Json {
    try {
      return fieldSetter(this.#copies)(head.value, fieldPath, value)
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error
      throw new DatabaseError(error.code, error.message, {
        ...error.details,
        path: pathText([...head.path, ...fieldPath]),
      })
    }
  }

  #putDocument(path: Path, before: DocumentHead | null, value: Json): void {
    if (path.length > 2 && (before === null || before.deleted)) this.#liveParent(parentOf(path))
    this.#replace(path, before, value)
  }

  #patch(path: Path, merge: Json, expect: Expect | undefined): void {
    const { head, fieldPath } = this.#resolve(path)
    const live = this.#live(head, headDocument(head, path), 'does not exist; put or post makes it')
    checkExpectation(live, live.path, expect)
    const current = getField(live.value, fieldPath)
    if (current === undefined) throw notFound(path, 'has nothing to patch; put it first')
    const fields = mergedFields(merge, current, fieldPath.join('/'))
    const merged = (): Json => mergePatch(current, merge, this.#copies)
    if (fieldPath.length > 0) {
      return this.#write(live, { fields, names: fieldPath.slice(0, 1) }, () =>
        fieldSetter(this.#copies)(live.value, fieldPath, merged()),
      )
    }
    if (isObject(current) && isObject(merge)) return this.#write(live, { fields, names: Object.keys(merge) }, merged)
    this.#composed.add(pathText(live.path))
    this.#replace(live.path, live, merged())
  }

  #delete(path: Path, expect: Expect | undefined): void {
    const resolved = this.#resolve(path)
    if (resolved.fieldPath.length === 0) {
      checkExpectation(this.#live(resolved.head, path), path, expect)
      return this.#deleteTree(path)
    }
    if (!isDocumentPath(path) && this.#isFilled(path)) {
      if (expect !== undefined) {
        throw badArgument('expect', 'An expectation is about a document; a collection has none.')
      }
      return this.#deleteTree(path)
    }
    this.#deleteField(path, resolved, expect)
  }

  #deleteField(path: Path, { head, fieldPath }: ResolvedPath<DocumentHead>, expect: Expect | undefined): void {
    const live = this.#live(head, path)
    checkExpectation(live, live.path, expect)
    const value = deleteField(live.value, fieldPath, this.#copies)
    if (value === undefined) throw notFound(path, 'is not there, so it cannot be deleted')
    // Removing an element of an array shifts the elements after it, so the whole array counts as written.
    const parent = fieldPath.slice(0, -1)
    const written = Array.isArray(getField(live.value, parent)) ? parent : fieldPath
    if (written.length === 0) return this.#replace(live.path, live, value)
    // A removed field cannot collide with the name of a collection.
    this.#write(live, { fields: [written.join('/')], names: [] }, () => value)
  }

  /** Deletes the documents at and below a path, or purges them, deleted ones too. */
  #deleteTree(root: Path, verb: 'delete' | 'purge' = 'delete'): void {
    const purged = verb === 'purge' ? true : undefined
    const tree = purged ? this.#state.purgeable(root) : this.#state.tree(root)
    if (tree === null) throw tooMany(root, verb, this.#limits)
    if (purged && tree.length === 0) throw notFound(root, 'is no document or collection with anything to purge')
    this.#unchanged.set(pathText(root), root)
    for (const head of tree) {
      this.#edit(head, [])
      this.#state.set({ ...head, version: this.#versionAfter(head), deleted: true, value: null, purged })
    }
  }

  /** Whether documents lie in or below the collection. */
  #isFilled(collection: Path): boolean {
    const tree = this.#state.tree(collection)
    return tree === null || tree.length > 0
  }

  #resolve(path: Path): ResolvedPath<DocumentHead> {
    return resolveStored(path, (document) => this.#read(document))
  }

  /** Whether a put at this path makes a new document, in a collection that exists or that an empty array declares. */
  #isNewDocument(path: Path): boolean {
    if (!isDocumentPath(path)) return false
    if (path.length === 2) return true
    const collection = parentOf(path)
    if (this.#state.hasCollection(collection)) return true
    const parent = this.#read(parentOf(collection))
    return parent !== null && !parent.deleted && isEmptyArray(getField(parent.value, [lastOf(collection)]))
  }

  /**
   * Checks the parent of a nested collection. Throws NOT_FOUND unless it exists, NAME_TAKEN if it has a field of that
   * name.
   */
  #liveParent(collection: Path): void {
    const parent = parentOf(collection)
    const head = this.#read(parent)
    if (head === null || head.deleted) {
      throw notFound(parent, 'does not exist, so nothing can be put or posted below it')
    }
    const name = lastOf(collection)
    const field = getField(head.value, [name])
    if (!isObject(head.value) || (field !== undefined && !isEmptyArray(field))) {
      throw nameTaken(
        collection,
        `${pathText(parent)} holds ${isObject(head.value) ? 'a field of that name' : 'no object'}`,
      )
    }
  }

  /** `head`, if the document exists. Throws NOT_FOUND with the reason `why`. */
  #live(head: DocumentHead | null, path: Path, why = 'does not exist'): DocumentHead {
    if (head !== null && !head.deleted) return head
    if (head === null && path.length === 1) throw notFound(path, 'has no documents')
    throw notFound(head?.path ?? path, why)
  }

  /** Writes fields of a live document. `change` returns the new value, and may modify the old one in place. */
  #write(head: DocumentHead, { fields, names }: WrittenDocument, change: () => Json): void {
    const fresh = freshNames(head, names)
    const value = change()
    this.#checkNames(head, value, fresh)
    this.#edit(head, fields)
    this.#composed.add(pathText(head.path))
    this.#state.set({ ...head, version: this.#versionAfter(head), value })
  }

  /** Writes a whole document, whether it existed or not. */
  #replace(path: Path, before: DocumentHead | null, value: Json): void {
    if (before !== null) this.#checkNames(before, value, isObject(value) ? freshNames(before, Object.keys(value)) : [])
    this.#edit(before ?? { path, version: 0, deleted: true, value: null, createdAt: this.#at }, [])
    const createdAt = before === null || before.deleted ? this.#at : before.createdAt
    this.#state.set({
      path,
      version: this.#versionAfter(before ?? { path, version: 0 }),
      deleted: false,
      value,
      createdAt,
    })
  }

  /**
   * Throws NAME_TAKEN if a new field, one of `fresh`, has the name of a nested collection, unless it is an empty array.
   */
  #checkNames(before: DocumentHead, value: Json, fresh: readonly string[]): void {
    if (!isObject(value)) {
      if (this.#state.hasCollections(before.path)) throw mustBeObject(before.path)
      if (isObject(before.value)) this.#unchanged.set(pathText(before.path), before.path)
      return
    }
    for (const name of fresh) {
      if (isFree(value, name)) continue
      const collection = [...before.path, name]
      if (this.#state.hasCollection(collection)) {
        throw nameTaken(collection, 'it is a nested collection; of fields, only an empty array may have its name')
      }
      this.#unchanged.set(pathText(collection), collection)
    }
  }

  #read(path: Path): DocumentHead | null {
    const head = this.#state.head(path)
    const text = pathText(path)
    if (!this.#reads.has(text) && !this.#edits.has(text)) this.#reads.set(text, { path, version: head?.version ?? 0 })
    return head
  }

  #edit(head: DocumentHead, fields: readonly string[]): void {
    const text = pathText(head.path)
    const edit = this.#edits.get(text)
    if (edit === undefined) this.#edits.set(text, { before: head.version === 0 ? null : head, fields })
    else this.#edits.set(text, { before: edit.before, fields: joinFields(edit.fields, fields) })
  }

  /** The version number after this draft: one more than before it, however many operations write the document. */
  #versionAfter(head: { readonly path: Path; readonly version: number }): number {
    const edit = this.#edits.get(pathText(head.path))
    return (edit === undefined ? head.version : (edit.before?.version ?? 0)) + 1
  }

  #writeOf(text: string, { before, fields }: DocumentEdit): Write | null {
    const after = this.#state.staged(text)
    if (after === undefined) return null
    const lived = before !== null && !before.deleted
    const { path, version, value, purged } = after
    if (purged === true) {
      return { path, version, type: 'DELETE', fields: [], value, createdAt: before?.createdAt ?? this.#at, purged }
    }
    if (!lived && after.deleted) {
      this.#state.unstage(text)
      return null
    }
    if (!lived) return { path, version, type: 'NEW', fields: [], value, createdAt: null }
    if (after.deleted) return { path, version, type: 'DELETE', fields: [], value, createdAt: before.createdAt }
    return {
      path,
      version,
      type: 'UPDATE',
      fields: settledFields(fields, before.value, value),
      value,
      createdAt: before.createdAt,
    }
  }

  #expectations(): readonly Expectation[] {
    const expects: Expectation[] = []
    for (const [text, { path, version }] of this.#reads) {
      // A write itself expects the version before it.
      if (!this.#edits.has(text) || this.#state.staged(text) === undefined) {
        expects.push({ kind: 'version', path, version })
      }
    }
    for (const below of this.#unchanged.values()) {
      expects.push({ kind: 'unchanged', below, since: this.#state.revision })
    }
    return expects
  }

  /** Checks each final value, and the sum of bytes, which it returns. Throws TOO_LARGE or INVALID_VALUE. */
  #checkValues(writes: readonly Write[], request: Request): number {
    // Keys of the request were checked at its parsing; a longer key from before that limit existed must not block other
    // writes.
    const limits = { ...this.#limits, objectKeyBytes: Infinity }
    let bytes = 0
    for (const write of writes) {
      bytes += overheadBytes(write, request)
      if (write.type === 'DELETE') continue
      checkSystemValue(write)
      if (this.#composed.has(pathText(write.path))) exactValue(write.value, limits)
      bytes += checkSize(write.value, limits)
    }
    const { transactionBytes } = this.#limits
    if (writes.length > 1 && bytes > transactionBytes) {
      throw tooLarge('transactionBytes', transactionBytes, `The transaction writes ${bytes} bytes`)
    }
    return bytes
  }
}
