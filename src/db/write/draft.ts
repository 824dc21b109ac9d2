import type { Expect } from '../../core/database/options.ts'
import { badArgument, DatabaseError } from '../../core/error.ts'
import { fieldSetter, getField } from '../../core/json/field.ts'
import type { Json } from '../../core/json/json.ts'
import { runAtOnce } from '../../core/json/value-steps.ts'
import { patched, type ParsedPatch, type Patched } from '../../core/patch/patch.ts'
import { PatchBudget } from '../../core/patch/patch-error.ts'
import { isDocumentPath, pathText, type Path } from '../../core/path.ts'
import type { ResolvedPath } from '../../core/path-resolution.ts'
import type { RevertFinding, Request, WriteOperation } from './request.ts'
import { DocumentEdits, type DraftContext, type Edited } from './staged/document-edits.ts'
import { putDocument, putField, removeField } from './staged/place.ts'
import { checkExpectation, headDocument, notFound } from './staged/precondition.ts'
import type { DocumentHead, StagedDocuments } from './staged/staged-documents.ts'

/** A drafted request: what it read and what it writes. */
export interface Drafted extends Edited {
  /** Fields and documents that a decided operation leaves as they are; empty for all others. */
  readonly findings: readonly RevertFinding[]
}

/** As `draftSteps`, at once. */
export function draft(request: Request, state: StagedDocuments, context: DraftContext): Drafted {
  return runAtOnce(draftSteps(request, state, context))
}

/**
 * Drafts a request, in steps: resolves its paths on `state`, and turns its operations into writes with expectations. On
 * success the writes become part of the state; a refusal (thrown DatabaseError) leaves it as it was
 * (docs/adr/0002-drafts-carry-expectations.md).
 */
export function* draftSteps(
  request: Request,
  state: StagedDocuments,
  context: DraftContext,
): Generator<undefined, Drafted> {
  const drafting = new Drafting(new DocumentEdits(state, context))
  for (const check of request.checks) drafting.check(check.path, check.expect)
  for (const operation of request.operations) {
    yield* drafting.run(operation)
    yield
  }
  return yield* drafting.finish(request)
}

class Drafting {
  readonly #edits: DocumentEdits
  readonly #budget: PatchBudget
  readonly #findings: RevertFinding[] = []

  constructor(edits: DocumentEdits) {
    this.#edits = edits
    this.#budget = new PatchBudget(edits.limits)
  }

  check(path: Path, expect: Expect): void {
    checkExpectation(this.#edits.read(path), path, expect)
  }

  *run(operation: WriteOperation): Generator<undefined, void> {
    switch (operation.kind) {
      case 'post':
        return this.#post(operation)
      case 'put':
        return this.#put(operation.path, operation.value, operation.expect)
      case 'patch':
        return yield* this.#patch(operation.path, operation.patch, operation.expect)
      case 'delete':
        return this.#delete(operation.path, operation.expect)
      case 'computed':
        for (const finding of yield* operation.compute(this.#edits)) this.#findings.push(finding)
        return
      case 'purge':
        return this.#edits.deleteTree(operation.path, 'purge')
    }
  }

  *finish(request: Request): Generator<undefined, Drafted> {
    return { ...(yield* this.#edits.finish(request)), findings: this.#findings }
  }

  #post({ path: collection, value, id, fresh }: Extract<WriteOperation, { kind: 'post' }>): void {
    if (collection.length > 1) this.#edits.liveParent(collection)
    const path = [...collection, id]
    const before = fresh ? null : this.#edits.read(path)
    if (before !== null && !before.deleted) {
      const text = pathText(path)
      throw new DatabaseError(
        'EXISTS',
        `${text} is already there; put replaces it, another id makes another document.`,
        { path: text },
      )
    }
    this.#edits.replace(path, before, value)
  }

  #put(path: Path, value: Json, expect: Expect | undefined): void {
    const { head, fieldPath } = this.#edits.resolve(path)
    if (fieldPath.length === 0 || this.#edits.isNewDocument(path)) {
      // Of a purged document the numbers of versions go on.
      const before = fieldPath.length === 0 ? head : this.#edits.read(path)
      checkExpectation(before, path, expect)
      return putDocument(this.#edits, { path, before }, value)
    }
    const document = headDocument(head, path)
    const live = this.#edits.live(
      head,
      document,
      `does not exist, so nothing can be put inside it: put ${pathText(document)} first`,
    )
    checkExpectation(live, live.path, expect)
    putField(this.#edits, { head: live, fieldPath }, value)
  }

  *#patch(path: Path, patch: ParsedPatch, expect: Expect | undefined): Generator<undefined, void> {
    const { head, fieldPath } = this.#edits.resolve(path)
    const live = this.#edits.live(head, headDocument(head, path), 'does not exist; put or post makes it')
    checkExpectation(live, live.path, expect)
    const current = getField(live.value, fieldPath)
    if (current === undefined) throw notFound(path, 'has nothing to patch; put it first')
    const change = this.#patched(live, { current, patch, fieldPath })
    if (change.isTimed) this.#edits.markTimed()
    const { fields, names, steps } = change
    const { copies } = this.#edits
    if (fieldPath.length > 0) {
      return yield* this.#edits.writeSteps(live, { fields, names: fieldPath.slice(0, 1) }, function* () {
        return fieldSetter(copies)(live.value, fieldPath, yield* steps())
      })
    }
    if (names !== null) return yield* this.#edits.writeSteps(live, { fields, names }, steps)
    this.#edits.markComposed(live.path)
    this.#edits.replace(live.path, live, yield* steps())
  }

  #patched(
    { path, version }: DocumentHead,
    { current, patch, fieldPath }: { readonly current: Json; readonly patch: ParsedPatch; readonly fieldPath: Path },
  ): Patched {
    const { limits, copies, at } = this.#edits
    const context = { time: new Date(at).toISOString(), limits, copies, budget: this.#budget, place: fieldPath }
    try {
      return patched(current, patch, context)
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.code !== 'CONFLICT') throw error
      throw new DatabaseError(error.code, error.message, { path: pathText(path), version, ...error.details })
    }
  }

  #delete(path: Path, expect: Expect | undefined): void {
    const resolved = this.#edits.resolve(path)
    if (resolved.fieldPath.length === 0) {
      checkExpectation(this.#edits.live(resolved.head, path), path, expect)
      return this.#edits.deleteTree(path)
    }
    if (!isDocumentPath(path) && this.#edits.isFilled(path)) {
      if (expect !== undefined) {
        throw badArgument('expect', 'An expectation is about a document; a collection has none.')
      }
      return this.#edits.deleteTree(path)
    }
    this.#deleteField(path, resolved, expect)
  }

  #deleteField(path: Path, { head, fieldPath }: ResolvedPath<DocumentHead>, expect: Expect | undefined): void {
    const live = this.#edits.live(head, path)
    checkExpectation(live, live.path, expect)
    if (!removeField(this.#edits, { head: live, fieldPath })) {
      throw notFound(path, 'is not there, so it cannot be deleted')
    }
  }
}
