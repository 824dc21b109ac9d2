import { Copies } from '../../core/json/copies.ts'
import type { Expect } from '../../core/database.ts'
import { badArgument, DatabaseError } from '../../core/error.ts'
import { deleteField, getField, setField } from '../../core/json/field.ts'
import { isObject, type Json } from '../../core/json/json.ts'
import { tooLarge, type Limits } from '../../core/limits.ts'
import { mergedFields, mergePatch } from '../../core/json/merge-patch.ts'
import { documentPrefixes, isDocumentPath, lastOf, parentOf, pathText, type Path } from '../../core/path.ts'
import { checkSize, exactValue } from '../../core/json/value.ts'
import type { Millis, Write } from '../../core/version.ts'
import { joinFields, settledFields } from '../../core/json/written-fields.ts'
import type { Expectation } from '../../store/store.ts'
import { checkExpectation } from './expectation.ts'
import { resolveStored, type ResolvedPath } from '../../core/path-resolution.ts'
import type { WriteOperation, Request } from './request.ts'
import type { DocumentHead, ReadSet, StagedDocuments } from './staged-documents.ts'
import { overheadBytes } from './written-bytes.ts'

/** What a request comes to on a state: what it read and what it writes. */
export interface Drafted {
  readonly expects: readonly Expectation[]
  readonly writes: readonly Write[]
  /** Of what is written: of the values, as compact JSON, and of what is kept beside each. */
  readonly bytes: number
}

/** What must be loaded before the requests can be drafted. */
export function collectReadSet(requests: readonly Request[]): ReadSet {
  const documents = new Map<string, Path>()
  const parents = new Map<string, Path>()
  const trees = new Map<string, Path>()
  const add = (into: Map<string, Path>, paths: readonly Path[]): void => {
    for (const path of paths) into.set(pathText(path), path)
  }
  for (const request of requests) {
    add(documents, request.checks.map((check) => check.path))
    for (const operation of request.operations) {
      add(documents, documentsOf(operation))
      if (operation.kind === 'delete') add(trees, [operation.path])
      else if (operation.kind !== 'post') add(parents, documentPrefixes(operation.path))
      else if (!operation.fresh) add(parents, [[...operation.path, operation.id]])
    }
  }
  return { documents: [...documents.values()], parents: [...parents.values()], trees: [...trees.values()] }
}

function documentsOf(operation: WriteOperation): readonly Path[] {
  if (operation.kind !== 'post') return documentPrefixes(operation.path)
  const parent = operation.path.length > 1 ? [parentOf(operation.path)] : []
  return operation.fresh ? parent : [...parent, [...operation.path, operation.id]]
}

export interface DraftContext {
  /** The time that the commit will be proposed with. */
  readonly at: Millis
  readonly limits: Limits
}

/**
 * Drafts a request: what its paths mean on `state` plus its operations give writes with expectations.
 * On success the state goes on with its outcome; a refusal (thrown DatabaseError) leaves the state as it was.
 */
export function draft(request: Request, state: StagedDocuments, context: DraftContext): Drafted {
  const drafting = new Drafting(state, context)
  for (const check of request.checks) drafting.check(check.path, check.expect)
  for (const operation of request.operations) drafting.run(operation)
  return drafting.finish(request)
}

/** A document that this draft writes: what it was before, and the fields written so far (none: the whole value). */
interface DocumentEdit {
  readonly before: DocumentHead | null
  readonly fields: readonly string[]
}

/** What one write is about: the fields that it names, and the names right inside the document that may be new after it. */
interface WrittenDocument {
  readonly fields: readonly string[]
  readonly names: readonly string[]
}

class Drafting {
  readonly #state: StagedDocuments
  readonly #limits: Limits
  readonly #at: Millis
  readonly #edits = new Map<string, DocumentEdit>()
  /** Parts of values that this draft made: the operations after it change them in place. */
  readonly #copies = new Copies()
  readonly #reads = new Map<string, { readonly path: Path; readonly version: number }>()
  readonly #unchanged = new Map<string, Path>()
  /** Documents whose value was put together here, out of parts that hold the limits each. */
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
        return this.#post(operation.path, operation.value, operation.id, operation.fresh)
      case 'put':
        return this.#put(operation.path, operation.value, operation.expect)
      case 'patch':
        return this.#patch(operation.path, operation.merge, operation.expect)
      case 'delete':
        return this.#delete(operation.path, operation.expect)
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

  #post(collection: Path, value: Json, id: string, fresh: boolean): void {
    if (collection.length > 1) this.#liveParent(collection)
    const path = [...collection, id]
    const before = fresh ? null : this.#read(path)
    if (before !== null && !before.deleted) {
      const text = pathText(path)
      throw new DatabaseError('EXISTS', `${text} is already there; put replaces it, another id makes another document.`, { path: text })
    }
    this.#replace(path, before, value)
  }

  #put(path: Path, value: Json, expect: Expect | undefined): void {
    const { head, fieldPath: rest } = this.#resolve(path)
    if (rest.length === 0 || this.#isNewDocument(path)) return this.#putDocument(path, rest.length === 0 ? head : null, value, expect)
    const document = headDocument(head, path)
    const live = this.#live(head, document, `does not exist, so nothing can be put inside it: put ${pathText(document)} first`)
    checkExpectation(live, live.path, expect)
    this.#write(live, { fields: [rest.join('/')], names: rest.slice(0, 1) }, () => this.#setField(live, rest, value))
  }

  #setField(head: DocumentHead, rest: Path, value: Json): Json {
    try {
      return setField(head.value, rest, value, this.#copies)
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error
      throw new DatabaseError(error.code, error.message, { ...error.details, path: pathText([...head.path, ...rest]) })
    }
  }

  #putDocument(path: Path, before: DocumentHead | null, value: Json, expect: Expect | undefined): void {
    checkExpectation(before, path, expect)
    if (path.length > 2 && (before === null || before.deleted)) this.#liveParent(parentOf(path))
    this.#replace(path, before, value)
  }

  #patch(path: Path, merge: Json, expect: Expect | undefined): void {
    const { head, fieldPath: rest } = this.#resolve(path)
    const live = this.#live(head, headDocument(head, path), 'does not exist; put or post makes it')
    checkExpectation(live, live.path, expect)
    const now = getField(live.value, rest)
    if (now === undefined) throw notFound(path, 'has nothing to patch; put it first')
    const fields = mergedFields(merge, now, rest.join('/'))
    const merged = (): Json => mergePatch(now, merge, this.#copies)
    if (rest.length > 0) {
      return this.#write(live, { fields, names: rest.slice(0, 1) }, () => setField(live.value, rest, merged(), this.#copies))
    }
    if (isObject(now) && isObject(merge)) return this.#write(live, { fields, names: Object.keys(merge) }, merged)
    this.#composed.add(pathText(live.path))
    this.#replace(live.path, live, merged())
  }

  #delete(path: Path, expect: Expect | undefined): void {
    const meaning = this.#resolve(path)
    if (meaning.fieldPath.length === 0) {
      checkExpectation(this.#live(meaning.head, path), path, expect)
      return this.#deleteTree(path)
    }
    if (!isDocumentPath(path) && this.#isFilled(path)) {
      if (expect !== undefined) throw badArgument('expect', 'An expectation is about a document; a collection has none.')
      return this.#deleteTree(path)
    }
    this.#deleteField(path, meaning, expect)
  }

  #deleteField(path: Path, { head, fieldPath: rest }: ResolvedPath<DocumentHead>, expect: Expect | undefined): void {
    const live = this.#live(head, path)
    checkExpectation(live, live.path, expect)
    const value = deleteField(live.value, rest, this.#copies)
    if (value === undefined) throw notFound(path, 'is not there, so it cannot be deleted')
    // Taking an element out of an array moves those behind it: the array is what was written.
    const around = rest.slice(0, -1)
    const shifted = Array.isArray(getField(live.value, around)) ? around : rest
    if (shifted.length === 0) return this.#replace(live.path, live, value)
    // A field less takes no name from a collection.
    this.#write(live, { fields: [shifted.join('/')], names: [] }, () => value)
  }

  #deleteTree(root: Path): void {
    const tree = this.#state.tree(root)
    if (tree === null) {
      const { documents } = this.#limits
      throw tooLarge('documents', documents, `More than ${documents} documents lie at and below ${pathText(root)}; delete it in parts, leaves first`)
    }
    this.#unchanged.set(pathText(root), root)
    // Leaves first, so that whoever follows the changes never holds a document without its parent.
    for (const head of [...tree].sort((a, b) => b.path.length - a.path.length)) {
      this.#edit(head, [])
      this.#state.set({ ...head, version: this.#versionAfter(head), deleted: true, value: null })
    }
  }

  /** Whether documents lie in or below the collection, or too many to tell. */
  #isFilled(collection: Path): boolean {
    const tree = this.#state.tree(collection)
    return tree === null || tree.length > 0
  }

  #resolve(path: Path): ResolvedPath<DocumentHead> {
    return resolveStored(path, (document) => this.#read(document))
  }

  /** Whether nothing is there yet and a put makes a document of it. */
  #isNewDocument(path: Path): boolean {
    if (!isDocumentPath(path)) return false
    if (path.length === 2) return true
    const collection = parentOf(path)
    if (this.#state.hasCollection(collection)) return true
    const parent = this.#read(parentOf(collection))
    return parent !== null && !parent.deleted && isEmptyArray(getField(parent.value, [lastOf(collection)]))
  }

  /** The live document that a nested collection hangs on, whose fields leave the name free. */
  #liveParent(collection: Path): void {
    const parent = parentOf(collection)
    const head = this.#read(parent)
    if (head === null || head.deleted) throw notFound(parent, 'does not exist, so nothing can be put or posted below it')
    const name = lastOf(collection)
    const field = getField(head.value, [name])
    if (!isObject(head.value) || (field !== undefined && !isEmptyArray(field))) {
      throw nameTaken(collection, `${pathText(parent)} holds ${isObject(head.value) ? 'a field of that name' : 'no object'}`)
    }
  }

  #live(head: DocumentHead | null, path: Path, why = 'does not exist'): DocumentHead {
    if (head !== null && !head.deleted) return head
    if (head === null && path.length === 1) throw notFound(path, 'has no documents')
    throw notFound(head?.path ?? path, why)
  }

  /** Writes fields of a live document, whose value `change` may change in place. */
  #write(head: DocumentHead, { fields, names }: WrittenDocument, change: () => Json): void {
    const fresh = freshNames(head, names)
    const value = change()
    this.#checkNames(head, value, fresh)
    this.#edit(head, fields)
    this.#composed.add(pathText(head.path))
    this.#state.set({ ...head, version: this.#versionAfter(head), value })
  }

  /** Writes a whole document, live before or not. */
  #replace(path: Path, before: DocumentHead | null, value: Json): void {
    if (before !== null) this.#checkNames(before, value, isObject(value) ? freshNames(before, Object.keys(value)) : [])
    this.#edit(before ?? { path, version: 0, deleted: true, value: null, createdAt: this.#at }, [])
    const createdAt = before === null || before.deleted ? this.#at : before.createdAt
    this.#state.set({ path, version: this.#versionAfter(before ?? { path, version: 0 }), deleted: false, value, createdAt })
  }

  /** A field that is new at this write, one of `fresh`, must not have the name of a nested collection, unless it declares it. */
  #checkNames(before: DocumentHead, value: Json, fresh: readonly string[]): void {
    if (!isObject(value)) {
      if (this.#state.hasCollections(before.path)) throw mustBeObject(before.path)
      if (isObject(before.value)) this.#unchanged.set(pathText(before.path), before.path)
      return
    }
    for (const name of fresh) {
      if (isFree(value, name)) continue
      const collection = [...before.path, name]
      if (this.#state.hasCollection(collection)) throw nameTaken(collection, 'it is a nested collection; of fields, only an empty array may have its name')
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

  /** One version per document and draft, however many operations touch it. */
  #versionAfter(head: { readonly path: Path; readonly version: number }): number {
    const edit = this.#edits.get(pathText(head.path))
    return (edit === undefined ? head.version : (edit.before?.version ?? 0)) + 1
  }

  #writeOf(text: string, { before, fields }: DocumentEdit): Write | null {
    const after = this.#state.staged(text)
    if (after === undefined) return null
    const lived = before !== null && !before.deleted
    if (!lived && after.deleted) {
      this.#state.unstage(text)
      return null
    }
    const { path, version, value } = after
    if (!lived) return { path, version, type: 'NEW', fields: [], value, createdAt: null }
    if (after.deleted) return { path, version, type: 'DELETE', fields: [], value, createdAt: before.createdAt }
    return { path, version, type: 'UPDATE', fields: settledFields(fields, before.value, value), value, createdAt: before.createdAt }
  }

  #expectations(): readonly Expectation[] {
    const expects: Expectation[] = []
    for (const [text, { path, version }] of this.#reads) {
      // A document that is written expects its version by itself.
      if (!this.#edits.has(text) || this.#state.staged(text) === undefined) expects.push({ kind: 'version', path, version })
    }
    for (const below of this.#unchanged.values()) expects.push({ kind: 'unchanged', below, since: this.#state.revision })
    return expects
  }

  /** Checks each value once, however many operations made it, and what they come to together. */
  #checkValues(writes: readonly Write[], request: Request): number {
    // Keys were checked when they came, and one of before that bound must not hold up what is written beside it.
    const limits = { ...this.#limits, objectKeyBytes: Infinity }
    let bytes = 0
    for (const write of writes) {
      bytes += overheadBytes(write, request)
      if (write.type === 'DELETE') continue
      if (this.#composed.has(pathText(write.path))) exactValue(write.value, limits)
      bytes += checkSize(write.value, limits)
    }
    const { transactionBytes } = this.#limits
    if (writes.length > 1 && bytes > transactionBytes) throw tooLarge('transactionBytes', transactionBytes, `The transaction writes ${bytes} bytes`)
    return bytes
  }
}

/** The names under which the document holds no field yet. A key with a slash can name no collection. */
function freshNames({ deleted, value }: DocumentHead, names: readonly string[]): readonly string[] {
  return names.filter((name) => !name.includes('/') && (deleted || isFree(value, name)))
}

/** Whether no field has the name: an empty array only declares a collection. */
function isFree(value: Json, name: string): boolean {
  const field = getField(value, [name])
  return field === undefined || isEmptyArray(field)
}

function isEmptyArray(value: Json | undefined): boolean {
  return Array.isArray(value) && value.length === 0
}

function notFound(path: Path, why: string): DatabaseError {
  const text = pathText(path)
  return new DatabaseError('NOT_FOUND', `${text} ${why}.`, { path: text })
}

/** The document whose absence refuses a write at `path`: where `head` is null, none on the way has a version. */
function headDocument(head: DocumentHead | null, path: Path): Path {
  return head?.path ?? path.slice(0, 2)
}

function mustBeObject(path: Path): DatabaseError {
  const text = pathText(path)
  return new DatabaseError('NAME_TAKEN', `The value of ${text} must be an object: ${text} has nested collections.`, { path: text })
}

function nameTaken(path: Path, why: string): DatabaseError {
  const text = pathText(path)
  return new DatabaseError('NAME_TAKEN', `The name ${text} is taken: ${why}.`, { path: text })
}
