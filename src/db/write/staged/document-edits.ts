import { Copies } from '../../../core/json/copies.ts'
import { getField, isEmptyArray, isFree } from '../../../core/json/field.ts'
import { isObject, type Json } from '../../../core/json/json.ts'
import { joinFields, settledFields } from '../../../core/json/written-fields.ts'
import type { Limits } from '../../../core/limits.ts'
import { isDocumentPath, lastOf, parentOf, pathText, type Path } from '../../../core/path.ts'
import { resolveStored, type ResolvedPath } from '../../../core/path-resolution.ts'
import type { Millis, Write } from '../../../core/version.ts'
import type { Expectation } from '../../../store/store.ts'
import { freshNames, mustBeObject, nameTaken, notFound, tooMany } from './precondition.ts'
import type { DocumentHead, StagedDocuments } from './staged-documents.ts'
import { checkWrites, type RequestOrigin } from './written-bytes.ts'

/** The reads and the writes of a draft. */
export interface Edited {
  readonly expects: readonly Expectation[]
  readonly writes: readonly Write[]
  /** Bytes of the values, as compact JSON, and of the data that a store keeps beside each. */
  readonly bytes: number
  /** Whether a value depends on the time of the commit. */
  readonly isTimed: boolean
}

export interface DraftContext {
  /** The time that the commit will be proposed with. */
  readonly at: Millis
  readonly limits: Limits
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

const NOTHING_TO_PURGE =
  'is no document or collection with anything to purge (of a field, purge its document, and put the rest back)'

/**
 * The edits of one draft on a state: each read becomes an expectation, each changed document a write. `finish` makes
 * the edits part of the state; edits that are dropped leave it as it was.
 */
export class DocumentEdits {
  readonly #state: StagedDocuments
  readonly limits: Limits
  readonly at: Millis
  /** Parts of values that this draft has copied: later operations change them in place. */
  readonly copies: Copies = new Copies()
  readonly #edits = new Map<string, DocumentEdit>()
  readonly #reads = new Map<string, { readonly path: Path; readonly version: number }>()
  readonly #unchanged = new Map<string, Path>()
  /** Documents whose value this draft composed: its parts were checked against the limits, the whole was not. */
  readonly #composed = new Set<string>()
  #isTimed = false

  constructor(state: StagedDocuments, { at, limits }: DraftContext) {
    this.#state = state.begin()
    this.at = at
    this.limits = limits
  }

  /** The edits as a draft, of a request with this key and actor, in steps. Throws TOO_LARGE or INVALID_VALUE. */
  *finish(origin: RequestOrigin): Generator<undefined, Edited> {
    const writes: Write[] = []
    for (const [text, edit] of this.#edits) {
      const write = this.#writeOf(text, edit)
      if (write !== null) writes.push(write)
      yield
    }
    const isComposed = ({ path }: Write): boolean => this.#composed.has(pathText(path))
    const checked = yield* checkWrites(writes, { origin, limits: this.limits, isComposed })
    this.#state.merge()
    return { expects: this.#expectations(), ...checked, isTimed: this.#isTimed }
  }

  /** A value depends on the time of the commit, so that it must get the proposed time. */
  markTimed(): void {
    this.#isTimed = true
  }

  /** The value of the document was composed of several: it is checked against the limits as a whole. */
  markComposed(path: Path): void {
    this.#composed.add(pathText(path))
  }

  /** The document as this draft sees it; its version becomes an expectation. */
  read(path: Path): DocumentHead | null {
    const head = this.#state.head(path)
    const text = pathText(path)
    if (!this.#reads.has(text) && !this.#edits.has(text)) this.#reads.set(text, { path, version: head?.version ?? 0 })
    return head
  }

  /** Resolves a path to a document and a field of it. */
  resolve(path: Path): ResolvedPath<DocumentHead> {
    return resolveStored(path, (document) => this.read(document))
  }

  /** `head`, if the document exists. Throws NOT_FOUND with the reason `why`. */
  live(head: DocumentHead | null, path: Path, why = 'does not exist'): DocumentHead {
    if (head !== null && !head.deleted) return head
    if (head === null && path.length === 1) throw notFound(path, 'has no documents')
    throw notFound(head?.path ?? path, why)
  }

  /**
   * Checks the parent of a nested collection. Throws NOT_FOUND unless it exists, NAME_TAKEN if it has a field of that
   * name.
   */
  liveParent(collection: Path): void {
    const parent = parentOf(collection)
    const head = this.read(parent)
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

  /** Whether a put at this path makes a new document, in a collection that exists or that an empty array declares. */
  isNewDocument(path: Path): boolean {
    if (!isDocumentPath(path)) return false
    if (path.length === 2) return true
    const collection = parentOf(path)
    if (this.#state.hasCollection(collection)) return true
    const parent = this.read(parentOf(collection))
    return parent !== null && !parent.deleted && isEmptyArray(getField(parent.value, [lastOf(collection)]))
  }

  /** Whether documents lie in or below the collection. Expects nothing: a delete that follows reads the tree. */
  isFilled(collection: Path): boolean {
    const tree = this.#state.tree(collection)
    return tree === null || tree.length > 0
  }

  /** Writes fields of a live document. `change` returns the new value, and may modify the old one in place. */
  write(head: DocumentHead, { fields, names }: WrittenDocument, change: () => Json): void {
    const fresh = freshNames(head, names)
    this.#written(head, { fields, names: fresh }, change())
  }

  /** As `write`, with a change in steps. */
  *writeSteps(
    head: DocumentHead,
    { fields, names }: WrittenDocument,
    change: () => Generator<undefined, Json>,
  ): Generator<undefined, void> {
    // Before the change, which may modify the old value in place.
    const fresh = freshNames(head, names)
    this.#written(head, { fields, names: fresh }, yield* change())
  }

  #written(head: DocumentHead, { fields, names: fresh }: WrittenDocument, value: Json): void {
    this.#checkNames(head, value, fresh)
    this.#edit(head, fields)
    this.#composed.add(pathText(head.path))
    this.#state.set({ ...head, version: this.#versionAfter(head), value })
  }

  /** Writes a whole document, whether it existed or not. */
  replace(path: Path, before: DocumentHead | null, value: Json): void {
    if (before !== null) this.#checkNames(before, value, isObject(value) ? freshNames(before, Object.keys(value)) : [])
    this.#edit(before ?? { path, version: 0, deleted: true, value: null, createdAt: this.at }, [])
    const createdAt = before === null || before.deleted ? this.at : before.createdAt
    this.#state.set({
      path,
      version: this.#versionAfter(before ?? { path, version: 0 }),
      deleted: false,
      value,
      createdAt,
    })
  }

  /**
   * Deletes what lives at and below a path of the read set's `trees`; or purges what is there of its `purges`, deleted
   * documents too. Throws TOO_LARGE (documents), and NOT_FOUND when there is nothing to purge.
   */
  deleteTree(root: Path, verb: 'delete' | 'purge' = 'delete'): void {
    const purged = verb === 'purge' ? true : undefined
    const tree = purged ? this.#state.purgeable(root) : this.#state.tree(root)
    if (tree === null) throw tooMany(root, verb, this.limits)
    if (purged && tree.length === 0) throw notFound(root, NOTHING_TO_PURGE)
    this.expectUnchanged(root)
    for (const head of tree) this.remove(head, purged)
  }

  /** Deletes, or purges, one document; what lies below it stays. */
  remove(head: DocumentHead, purged?: true): void {
    this.#edit(head, [])
    this.#state.set({ ...head, version: this.#versionAfter(head), deleted: true, value: null, purged })
  }

  /** The live documents at and below a path of the read set's `trees`, without values; null when they are too many. */
  readTree(root: Path): readonly DocumentHead[] | null {
    this.expectUnchanged(root)
    return this.#state.tree(root)
  }

  /** Whether the collection, of a document in the read set's `parents`, has or had a document. */
  hasCollection(collection: Path): boolean {
    return this.#state.hasCollection(collection)
  }

  /** Whether the document, of the read set's `parents`, has or had nested collections. */
  hasCollections(document: Path): boolean {
    return this.#state.hasCollections(document)
  }

  /** The draft becomes a conflict if anything at or below the path was written meanwhile. */
  expectUnchanged(below: Path): void {
    this.#unchanged.set(pathText(below), below)
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
      return { path, version, type: 'DELETE', fields: [], value, createdAt: before?.createdAt ?? this.at, purged }
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
}
