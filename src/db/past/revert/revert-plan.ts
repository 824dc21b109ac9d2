import { isFree, type FieldPath } from '../../../core/json/field.ts'
import { isObject, type Json } from '../../../core/json/json.ts'
import { jsonBytes } from '../../../core/json/value.ts'
import { boundedFieldSteps } from '../../../core/json/written-fields.ts'
import { tooLarge, type Limits } from '../../../core/limits.ts'
import { compareText, documentPrefixes, lastOf, parentOf, pathText, type Path } from '../../../core/path.ts'
import { sortSteps } from '../../time/sort-steps.ts'
import type { ComputedOperation, RevertFinding } from '../../write/request.ts'
import type { DocumentEdits } from '../../write/staged/document-edits.ts'
import { freshNames } from '../../write/staged/precondition.ts'
import type { DocumentHead } from '../../write/staged/staged-documents.ts'
import { isSame, isSameSteps, ownField } from './leaf-edits.ts'
import { takeBackDocument, type KeptValue, type RevertedState } from './document-reversal.ts'
import type { RevertedDocument } from './reverted-documents.ts'

/** Estimated bytes of a finding beside its values. */
const FINDING_BYTES = 64

/** Fields, or findings, that are looked at in one step. */
const STEP_FIELDS = 512

/**
 * The operation that takes documents back. `trees`: the documents among them that may go and have nested collections,
 * none within another.
 */
export function revertOperation(documents: readonly RevertedDocument[], trees: readonly Path[]): ComputedOperation {
  const paths = documents.map(({ path }) => path)
  const parents = paths.filter(({ length }) => length > 2).map(parentDocument)
  return {
    kind: 'computed',
    reads: { documents: [...paths, ...parents], parents: paths, trees, bare: [] },
    compute: (edits) => new RevertPlan(edits, trees).decide(documents),
  }
}

function parentDocument(path: Path): Path {
  return parentOf(parentOf(path))
}

/** A document of the plan. */
interface PlannedDocument {
  readonly path: Path
  readonly head: DocumentHead | null
  /** The value now; undefined: it is not there. */
  readonly now: Json | undefined
  /** The state after the revert. */
  readonly state: RevertedState
  /** Whether the revert writes it. */
  readonly isChanged: boolean
}

type Writer = RevertFinding['writer']

/** Decides for all documents together: a parent outlives its children, and a name is a field's or a collection's. */
class RevertPlan {
  readonly #edits: DocumentEdits
  readonly #trees: ReadonlySet<string>
  readonly #documents = new Map<string, PlannedDocument>()
  /** Path of each document below which one is after the revert, and that one. */
  readonly #occupied = new Map<string, Writer>()
  #findings: RevertFinding[] = []

  constructor(edits: DocumentEdits, trees: readonly Path[]) {
    this.#edits = edits
    this.#trees = new Set(trees.map(pathText))
  }

  *decide(documents: readonly RevertedDocument[]): Generator<undefined, readonly RevertFinding[]> {
    for (const document of documents) {
      yield* this.#add(document)
      yield
    }
    yield* this.#forChanged(shallowestFirst, (document) => this.#keepNames(document))
    yield* this.#occupy()
    yield* this.#forChanged(deepestFirst, (document) => this.#keepParent(document))
    yield* this.#forChanged(shallowestFirst, (document) => this.#needParent(document))
    yield* this.#write()
    yield* checkFindings(this.#findings, this.#edits.limits)
    return yield* inOrder(this.#findings)
  }

  *#add({ path, reversal }: RevertedDocument): Generator<undefined, void> {
    const head = this.#edits.read(path)
    // Else what is purged meanwhile could come back.
    this.#edits.expectUnchanged(path)
    const now = head === null || head.deleted ? undefined : head.value
    const state = yield* takeBackDocument(reversal, {
      version: head?.version ?? 0,
      value: now,
      isTaken: (name) => !name.includes('/') && this.#edits.hasCollection([...path, name]),
    })
    const isChanged = !(yield* isSameSteps(now, state.value))
    this.#documents.set(pathText(path), { path, head, now, state, isChanged })
    for (const [i, kept] of state.kept.entries()) {
      this.#find(path, kept)
      if ((i + 1) % STEP_FIELDS === 0) yield
    }
  }

  /** `writer`: the document whose writer is to be named; default: the document itself. */
  #find(path: Path, { field, now, wanted }: KeptValue, writer?: Writer): void {
    const version = this.#documents.get(pathText(path))?.head?.version ?? 0
    this.#findings.push({ path, field, now, wanted, writer: writer ?? { path, version } })
  }

  *#forChanged(
    order: (a: PlannedDocument, b: PlannedDocument) => number,
    run: (each: PlannedDocument) => void,
  ): Generator<undefined, void> {
    for (const { path } of [...this.#documents.values()].toSorted(order)) {
      const document = this.#documents.get(pathText(path))
      if (document?.isChanged === true) run(document)
      yield
    }
  }

  #set(document: PlannedDocument, value: Json | undefined): void {
    const state = { ...document.state, value }
    this.#documents.set(pathText(document.path), { ...document, state, isChanged: !isSame(document.now, value) })
  }

  /** Leaves the document as it is, with one finding about the whole of it. */
  #leave(document: PlannedDocument, writer?: Writer): void {
    this.#findings = this.#findings.filter(({ path }) => path !== document.path)
    this.#find(document.path, { field: [], now: document.now, wanted: document.state.value }, writer)
    this.#set(document, document.now)
  }

  /** A field whose name is taken by a nested collection meanwhile does not come back. */
  #keepNames(document: PlannedDocument): void {
    const { path, head, now, state } = document
    const { value } = state
    if (value === undefined) return
    if (!isObject(value)) {
      if (this.#edits.hasCollections(path)) this.#leave(document)
      return
    }
    const fresh = head === null ? Object.keys(value) : freshNames(head, Object.keys(value))
    const taken = fresh.filter((name) => !isFree(value, name) && this.#edits.hasCollection([...path, name]))
    if (taken.length === 0) return
    const kept = Object.entries(value).flatMap(([name, field]): (readonly [string, Json])[] => {
      if (!taken.includes(name)) return [[name, field]]
      const present = ownField(now, name)
      this.#find(path, { field: [name], now: present, wanted: field })
      return present === undefined ? [] : [[name, present]]
    })
    const fields = state.fields.filter(([name]) => name === undefined || !taken.includes(name))
    this.#set({ ...document, state: { ...state, fields } }, Object.fromEntries(kept))
  }

  /** Finds the documents that are there after the revert, below those that may go. */
  *#occupy(): Generator<undefined, void> {
    for (const { path, head, now, isChanged } of this.#documents.values()) {
      if (now === undefined && isChanged) this.#occupyAbove(path, { path, version: head?.version ?? 0 })
      if (!this.#trees.has(pathText(path))) continue
      const tree = this.#edits.readTree(path)
      if (tree === null) this.#occupied.set(pathText(path), { path, version: 0 })
      for (const living of tree ?? []) if (this.#stays(living.path)) this.#occupyAbove(living.path, living)
      yield
    }
  }

  #occupyAbove(path: Path, writer: Writer): void {
    for (let above = path; above.length > 2;) {
      above = parentDocument(above)
      const text = pathText(above)
      if (this.#occupied.has(text)) return
      this.#occupied.set(text, writer)
    }
  }

  /** Whether a live document is there after the revert. */
  #stays(path: Path): boolean {
    const planned = this.#documents.get(pathText(path))
    return planned === undefined || planned.state.value !== undefined
  }

  /** A document stays when something lives below it that does not go, or something comes back there. */
  #keepParent(document: PlannedDocument): void {
    const { path, state, head } = document
    if (state.value !== undefined) return
    this.#edits.expectUnchanged(path)
    // A tree that was not loaded: its first collection came just now.
    const isUnknown =
      this.#edits.hasCollections(path) && !documentPrefixes(path).some((p) => this.#trees.has(pathText(p)))
    const writer = this.#occupied.get(pathText(path)) ?? (isUnknown ? { path, version: 0 } : null)
    if (writer === null) return
    this.#leave(document, writer)
    this.#occupyAbove(path, { path, version: head?.version ?? 0 })
  }

  /** A nested document comes back only below a live object that has no field of its collection's name. */
  #needParent(document: PlannedDocument): void {
    const { path, now } = document
    if (now !== undefined || path.length <= 2) return
    const parent = parentDocument(path)
    const planned = this.#documents.get(pathText(parent))
    const head = planned?.head ?? this.#edits.read(parent)
    const value = planned === undefined ? (head === null || head.deleted ? undefined : head.value) : planned.state.value
    if (isObject(value) && isFree(value, lastOf(parentOf(path)))) return
    this.#leave(document, { path: parent, version: head?.version ?? 0 })
  }

  *#write(): Generator<undefined, void> {
    for (const { path } of [...this.#documents.values()].toSorted(shallowestFirst)) {
      const document = this.#documents.get(pathText(path))
      if (document?.isChanged === true) yield* this.#writeDocument(document)
      yield
    }
    yield* this.#forChanged(deepestFirst, ({ head, state }) => {
      if (state.value === undefined && head !== null) this.#edits.remove(head)
    })
  }

  *#writeDocument({ path, head, now, state: { value, fields } }: PlannedDocument): Generator<undefined, void> {
    if (value === undefined) return
    this.#edits.markComposed(path)
    const texts = yield* fieldTexts(fields)
    if (head === null || now === undefined || texts.length === 0) this.#edits.replace(path, head, value)
    else this.#update(head, value, texts)
  }

  #update(head: DocumentHead, value: Json, fields: readonly string[]): void {
    this.#edits.write(head, { fields, names: isObject(value) ? Object.keys(value) : [] }, () => value)
  }
}

/** Throws TOO_LARGE (pageBytes), in steps: conflicts are never cut off in silence. */
function* checkFindings(findings: readonly RevertFinding[], { pageBytes }: Limits): Generator<undefined, void> {
  let bytes = 0
  for (const [i, { now, wanted }] of findings.entries()) {
    bytes += FINDING_BYTES + jsonBytes(now ?? null) + jsonBytes(wanted ?? null)
    if ((i + 1) % STEP_FIELDS === 0) yield
  }
  if (bytes <= pageBytes) return
  const advice = 'narrow the period or the paths, and revert in parts'
  throw tooLarge('pageBytes', pageBytes, `The conflicts have more than ${pageBytes} bytes (${advice})`)
}

/** The texts of written fields within the bounds, in steps. */
function* fieldTexts(fields: readonly FieldPath[]): Generator<undefined, readonly string[]> {
  const texts: string[] = []
  for (const field of fields) {
    texts.push(segmentsOf(field).join('/'))
    if (texts.length % STEP_FIELDS === 0) yield
  }
  return yield* boundedFieldSteps(texts)
}

/** The field without what follows a key that cannot be a segment of a path. */
function segmentsOf(field: readonly string[]): readonly string[] {
  const end = field.findIndex((key) => key === '' || key.includes('/'))
  return end < 0 ? field : field.slice(0, end)
}

function shallowestFirst(a: PlannedDocument, b: PlannedDocument): number {
  return a.path.length - b.path.length || compareText(pathText(a.path), pathText(b.path))
}

function deepestFirst(a: PlannedDocument, b: PlannedDocument): number {
  return shallowestFirst(b, a)
}

/** Findings in the order of their paths and fields, in steps. */
function* inOrder(findings: readonly RevertFinding[]): Generator<undefined, readonly RevertFinding[]> {
  const named: { readonly finding: RevertFinding; readonly path: string; readonly field: string }[] = []
  for (const finding of findings) {
    named.push({ finding, path: pathText(finding.path), field: finding.field.join('/') })
    if (named.length % STEP_FIELDS === 0) yield
  }
  const sorted = yield* sortSteps(named, (a, b) => compareText(a.path, b.path) || compareText(a.field, b.field))
  return sorted.map(({ finding }) => finding)
}
