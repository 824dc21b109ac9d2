import type { AsOf, Expect, RestoreScope } from '../../core/database/options.ts'
import { badArgument, DatabaseError } from '../../core/error.ts'
import { getField } from '../../core/json/field.ts'
import type { Json } from '../../core/json/json.ts'
import { tooLarge, type Limits } from '../../core/limits.ts'
import { documentPrefixes, isDocumentPath, parentOf, pathText, type Path } from '../../core/path.ts'
import type { ResolvedPath } from '../../core/path-resolution.ts'
import type { Version } from '../../core/version.ts'
import type { TenantContext } from '../log/tenant-context.ts'
import { asOfRevision } from '../read/as-of.ts'
import { documentsBelow } from '../read/tree/below.ts'
import { checkExpect, writablePath, type ComputedOperation } from '../write/request.ts'
import type { DocumentEdits } from '../write/staged/document-edits.ts'
import { putDocument, putField, removeField } from '../write/staged/place.ts'
import { checkExpectation, headDocument, notFound } from '../write/staged/precondition.ts'
import type { DocumentHead } from '../write/staged/staged-documents.ts'

/** The parsed arguments of `restore`. */
interface RestoreTarget {
  readonly path: Path
  readonly to: AsOf
  readonly scope: RestoreScope
  readonly expect: Expect | undefined
}

interface RestoreArguments {
  readonly to: AsOf
  readonly scope?: RestoreScope | undefined
  readonly expect?: Expect | undefined
}

/** Parses the arguments of `restore`. Throws BAD_REQUEST or INVALID_PATH. */
export function parseRestore(
  text: string,
  { to, scope = 'DOCUMENT', expect }: RestoreArguments,
  limits: Limits,
): RestoreTarget {
  if (scope !== 'DOCUMENT' && scope !== 'TREE') throw badArgument('scope', 'A scope is DOCUMENT or TREE.')
  const path = writablePath(text, limits)
  if (path.length === 1 && scope === 'DOCUMENT') throw needsTree(path)
  if (scope === 'TREE' && 'version' in to && to.version !== undefined) {
    const message =
      'A version is the moment when it was written, without what came below it later: give the cursor or the time ' +
      'to which the TREE is to go back.'
    throw badArgument('to', message)
  }
  return { path, to: { ...to }, scope, expect: expect && checkExpect(expect) }
}

function needsTree(path: Path): DatabaseError {
  return badArgument('scope', `${pathText(path)} is a collection: restore it with scope TREE, or one of its documents.`)
}

/** The state of a path at a moment of the past. */
interface PastState {
  /** The documents on the path, by path text; a deleted one is left out. */
  readonly heads: ReadonlyMap<string, Version>
  /** Of scope TREE: the documents at and below the path, parents first. */
  readonly tree: readonly Version[]
}

/** Reads the past; the operation restores it. Throws as `asOf`, and TOO_LARGE. */
export async function restoreOperation(context: TenantContext, target: RestoreTarget): Promise<ComputedOperation> {
  const past = await readPast(context, target)
  const { path } = target
  const tree = past.tree.map((version) => version.path)
  const mayDelete = target.scope === 'TREE' || (isDocumentPath(path) && !past.heads.has(pathText(path)))
  const prefixes = documentPrefixes(path)
  return {
    kind: 'computed',
    reads: { documents: prefixes, parents: [...prefixes, ...tree], trees: mayDelete ? [path] : [], bare: tree },
    *compute(edits) {
      yield* new Restoring(edits, target, past).run()
      return []
    },
  }
}

async function readPast(context: TenantContext, { path, to, scope }: RestoreTarget): Promise<PastState> {
  const { store, tenant } = context
  const revision = (await asOfRevision(context, path, { argument: 'to', moment: to })) ?? 0
  const { rows } = await store.heads(tenant, documentPrefixes(path), revision)
  const living = rows.filter((version) => version !== null && version.type !== 'DELETE') as readonly Version[]
  const heads = new Map(living.map((version) => [pathText(version.path), version]))
  if (scope === 'DOCUMENT') return { heads, tree: [] }
  const own = heads.get(pathText(path))
  const below = await documentsBelow(context, path, { levels: Infinity, revision, bytes: 0 }).catch(restoreInParts)
  const tree = [...(own === undefined ? [] : [own]), ...below].toSorted((a, b) => a.path.length - b.path.length)
  return { heads, tree }
}

/** TOO_LARGE of a read, with what to do about a restore. */
function restoreInParts(error: unknown): never {
  if (!(error instanceof DatabaseError) || error.code !== 'TOO_LARGE') throw error
  const { limit, max } = error.details as { readonly limit: string; readonly max: number }
  throw tooLarge(limit, max, 'What is to be restored is too much for one commit (restore the parts of it one by one)')
}

/** Restores a past state on the state of a draft. */
class Restoring {
  readonly #edits: DocumentEdits
  readonly #target: RestoreTarget
  readonly #past: PastState

  constructor(edits: DocumentEdits, target: RestoreTarget, past: PastState) {
    this.#edits = edits
    this.#target = target
    this.#past = past
  }

  *run(): Generator<undefined, void> {
    const { path } = this.#target
    const resolved = this.#edits.resolve(path)
    // Else what is purged meanwhile could come back.
    this.#edits.expectUnchanged(resolved.head?.path ?? path)
    if (resolved.head !== null && resolved.fieldPath.length === 0) return yield* this.#document(resolved.head)
    if (!isDocumentPath(path) && (path.length === 1 || this.#edits.hasCollection(path))) {
      return yield* this.#collection()
    }
    this.#field(resolved)
  }

  *#document(head: DocumentHead): Generator<undefined, void> {
    const { path, scope, expect } = this.#target
    checkExpectation(head, path, expect)
    if (!this.#past.heads.has(pathText(path))) {
      if (head.deleted) throw neverThere(path)
      return this.#edits.deleteTree(path)
    }
    if (scope === 'TREE') return yield* this.#tree(head)
    putDocument(this.#edits, { path, before: head }, this.#past.heads.get(pathText(path))?.value ?? null)
  }

  *#collection(): Generator<undefined, void> {
    const { path, scope, expect } = this.#target
    if (scope === 'DOCUMENT') throw needsTree(path)
    if (expect !== undefined) throw badArgument('expect', 'An expectation is about a document; a collection has none.')
    if (this.#past.tree.length === 0) {
      if (!this.#edits.isFilled(path)) throw neverThere(path)
      return this.#edits.deleteTree(path)
    }
    if (path.length > 1) this.#edits.liveParent(path)
    yield* this.#tree(null)
  }

  /** `root`: the document at the path; null for a collection. */
  *#tree(root: DocumentHead | null): Generator<undefined, void> {
    const { path } = this.#target
    if (root?.deleted === true && path.length > 2) this.#edits.liveParent(parentOf(path))
    const wanted = new Set(this.#past.tree.map((version) => pathText(version.path)))
    const present = this.#present(wanted)
    const since = [...present.values()].filter((head) => !wanted.has(pathText(head.path)))
    for (const head of since.toSorted((a, b) => b.path.length - a.path.length)) this.#edits.remove(head)
    for (const version of this.#past.tree) {
      const before = present.get(pathText(version.path)) ?? this.#edits.read(version.path)
      this.#edits.replace(version.path, before, version.value)
      yield
    }
  }

  /** The live documents at and below the path, by path text. */
  #present(wanted: ReadonlySet<string>): ReadonlyMap<string, DocumentHead> {
    const { documents } = this.#edits.limits
    const tree = this.#edits.readTree(this.#target.path)
    const present = new Map(tree?.map((head) => [pathText(head.path), head]))
    const count = new Set([...wanted, ...present.keys()]).size
    if (tree !== null && count <= documents) return present
    const what = `The restore is about more than ${documents} documents (restore the parts of it one by one)`
    throw tooLarge('documents', documents, what)
  }

  #field({ head, fieldPath }: ResolvedPath<DocumentHead>): void {
    const { path, expect } = this.#target
    const document = headDocument(head, path)
    if (head === null && isDocumentPath(path)) throw neverThere(path)
    const why = `does not exist, so nothing in it can be restored: restore ${pathText(document)} first`
    const live = this.#edits.live(head, document, why)
    checkExpectation(live, live.path, expect)
    const past = this.#past.heads.get(pathText(live.path))
    const value: Json | undefined = past === undefined ? undefined : getField(past.value, fieldPath)
    if (value !== undefined) return putField(this.#edits, { head: live, fieldPath }, value)
    if (!removeField(this.#edits, { head: live, fieldPath })) throw neverThere(path)
  }
}

function neverThere(path: Path): DatabaseError {
  return notFound(path, 'was not there then and is not there now, so there is nothing to restore')
}
