import { Copies } from '../../core/json/copies.ts'
import { deleteField, fieldSetter, getField, type FieldPath } from '../../core/json/field.ts'
import { isObject, type Json } from '../../core/json/json.ts'
import { jsonPointer } from '../../core/patch/patch-error.ts'
import { isSame, leafEdits, ownField, type LeafEdit } from './leaf-edits.ts'

/** A version that is taken back, with what it changed. */
export type RevertedVersion =
  | { readonly kind: 'NEW'; readonly version: number }
  | { readonly kind: 'UPDATE'; readonly version: number; readonly edits: readonly LeafEdit[] }
  | { readonly kind: 'DELETE'; readonly version: number; readonly before: Json }

/** A document as it is now. */
interface PresentDocument {
  /** Number of its newest version; 0: it has none. */
  readonly version: number
  /** Undefined when it is deleted or never was. */
  readonly value: Json | undefined
}

/** A field that was written since, so that it stays; no segment: the whole document. */
export interface KeptField {
  readonly field: FieldPath
  /** The value that stays there; undefined: nothing. */
  readonly now: Json | undefined
  /** The value before the reverted versions. */
  readonly wanted: Json | undefined
}

/** A document after its versions were taken back. */
export interface RevertedState {
  /** Undefined: it is not there. */
  readonly value: Json | undefined
  /** The leaves that went back. */
  readonly fields: readonly FieldPath[]
  readonly kept: readonly KeptField[]
}

/**
 * Takes versions of one document back, newest first, on its present state. A leaf that is as a version left it becomes
 * what it was before; one that is so already is done; any other stays and is `kept`, also for the older versions. NEW:
 * the document goes, unless another version was written since. DELETE: it comes back, unless something is there. Pure.
 */
export function revertVersions(versions: readonly RevertedVersion[], present: PresentDocument): RevertedState {
  const reverting = new VersionReverting(present)
  for (const version of versions) reverting.takeBack(version)
  return reverting.state()
}

class VersionReverting {
  /** The version as of which `#value` stands: other actors' later ones are not in it. */
  #newest: number
  readonly #copies = new Copies()
  readonly #kept = new KeptFields()
  #value: Json | undefined
  /** `#value` before the edits of `#fields` went back. */
  #base: Json | undefined
  #fields: FieldPath[] = []
  /** Pointers of the objects that were made for a field in them that went back. */
  readonly #made = new Set<string>()
  /** Versions up to `#newest` that were taken back so far. */
  #count = 0

  constructor({ version, value }: PresentDocument) {
    this.#newest = version
    this.#value = value
    this.#base = value
  }

  state(): RevertedState {
    const kept = this.#kept.all().map(({ field, wanted }) => ({ field, wanted, now: leafAt(this.#value, field).leaf }))
    return { value: this.#value, fields: this.#fields, kept: kept.filter(isDifferent) }
  }

  takeBack(version: RevertedVersion): void {
    switch (version.kind) {
      case 'NEW':
        return this.#takeBackNew(version.version)
      case 'UPDATE':
        this.#count++
        for (const edit of version.edits) this.#takeBackEdit(edit)
        return
      case 'DELETE':
        return this.#takeBackDelete(version)
    }
  }

  #takeBackNew(version: number): void {
    const isWrittenSince = version + this.#count < this.#newest
    this.#count++
    if (this.#value !== undefined && isWrittenSince) return this.#kept.replace([], undefined)
    // Nothing is there, as before the version: what was found about later versions does not matter any more.
    this.#goTo(version - 1, undefined)
  }

  #takeBackDelete({ version, before }: RevertedVersion & { readonly kind: 'DELETE' }): void {
    this.#count++
    if (this.#value === undefined || isSame(this.#value, before)) this.#goTo(version - 1, before)
    else this.#keep([], before)
  }

  /** The document is as it was at a version. */
  #goTo(version: number, value: Json | undefined): void {
    this.#newest = version
    this.#count = 0
    this.#value = value
    this.#base = value
    this.#fields = []
    this.#made.clear()
    this.#kept.clear()
  }

  #takeBackEdit(edit: LeafEdit): void {
    const { field, before, after } = edit
    if (this.#kept.concerns(field)) return this.#kept.addEdit(edit)
    const { leaf, isBlocked } = leafAt(this.#value, field)
    if (isSame(leaf, before) || (isFilled(leaf) && isExistence(edit))) return
    if (isBlocked || this.#value === undefined || !isSame(leaf, after)) return this.#keep(field, before)
    const written = before === undefined ? removedField(this.#value, edit, this.#made) : field
    if (before !== undefined) this.#noteMade(this.#value, field)
    this.#fields.push(written)
    this.#value = withLeaf(this.#value, written, { leaf: before, copies: this.#copies })
  }

  /** Notes the objects that come into being with a field. */
  #noteMade(value: Json, field: FieldPath): void {
    for (let length = field.length - 1; length > 0; length--) {
      const above = field.slice(0, length)
      if (leafAt(value, above).leaf !== undefined) return
      this.#made.add(jsonPointer(above))
    }
  }

  /** Keeps a field as a whole: the fields inside it that went back are set again. */
  #keep(field: FieldPath, wanted: Json | undefined): void {
    this.#kept.replace(field, wanted)
    const isInside = (other: FieldPath): boolean =>
      other.length > field.length && field.every((key, i) => other[i] === key)
    if (this.#value === undefined || !this.#fields.some(isInside)) return
    this.#fields = this.#fields.filter((other) => !isInside(other))
    const { leaf } = leafAt(this.#base, field)
    this.#value = field.length === 0 ? leaf : withLeaf(this.#value, field, { leaf, copies: new Copies() })
  }
}

/**
 * The leaf, or the highest object above it that holds nothing else and was not there before it, or is in `made`; empty:
 * the whole value, where `parents` is negative.
 */
function removedField(
  value: Json,
  { field, parents }: Pick<LeafEdit, 'field' | 'parents'>,
  made: ReadonlySet<string> = new Set(),
): FieldPath {
  let removed = field
  while (removed.length > 0) {
    const above = removed.slice(0, -1)
    const wasThere = above.length <= parents && !made.has(jsonPointer(above))
    if (wasThere || !isSingle(getField(value, above))) return removed
    removed = above
  }
  return removed
}

function isSingle(value: Json | undefined): boolean {
  return isObject(value) && Object.keys(value).length === 1
}

function isFilled(leaf: Json | undefined): boolean {
  return isObject(leaf) && Object.keys(leaf).length > 0
}

/** Whether what stays differs from what is wanted, in more than empty objects. */
function isDifferent({ now, wanted }: KeptField): boolean {
  if (now === undefined || wanted === undefined) return now !== wanted
  return !leafEdits(now, wanted).every(isExistence)
}

/** Whether an edit only made or removed an empty object: with keys of others in it, the object stays. */
function isExistence({ before, after }: LeafEdit): boolean {
  const side = before ?? after
  return (before === undefined || after === undefined) && isObject(side) && !isFilled(side)
}

/** The field at a path through objects; `isBlocked`: something else than an object stands above it. */
function leafAt(
  value: Json | undefined,
  field: FieldPath,
): { readonly leaf: Json | undefined; readonly isBlocked: boolean } {
  let leaf = value
  for (const key of field) {
    if (leaf !== undefined && !isObject(leaf)) return { leaf: undefined, isBlocked: true }
    leaf = ownField(leaf, key)
  }
  return { leaf, isBlocked: false }
}

interface WantedField {
  readonly field: FieldPath
  readonly wanted: Json | undefined
}

/** The fields that stay as they are; none lies in another. */
class KeptFields {
  readonly #fields = new Map<string, WantedField>()
  /** Pointers of all fields above them. */
  readonly #above = new Set<string>()
  readonly #copies = new Copies()

  all(): readonly WantedField[] {
    return [...this.#fields.values()]
  }

  clear(): void {
    this.#fields.clear()
    this.#above.clear()
  }

  /** Whether the field, one above it or one below it is kept. */
  concerns(field: FieldPath): boolean {
    return this.#fields.size > 0 && (this.#above.has(jsonPointer(field)) || this.#covering(field) !== null)
  }

  /** Keeps a field instead of all those below it. */
  replace(field: FieldPath, wanted: Json | undefined): void {
    const pointer = jsonPointer(field)
    if (this.#above.has(pointer)) {
      for (const key of this.#fields.keys()) if (key.startsWith(`${pointer}/`)) this.#fields.delete(key)
    }
    this.#fields.set(pointer, { field, wanted })
    for (let length = 0; length < field.length; length++) this.#above.add(jsonPointer(field.slice(0, length)))
  }

  /** An older edit of a field that is kept: what was wanted goes back further. */
  addEdit({ field, before, parents }: LeafEdit): void {
    const covering = this.#covering(field)
    if (covering === null) return this.replace(field, before)
    const { wanted } = covering
    const depth = covering.field.length
    const rest = { field: field.slice(depth), parents: parents - depth }
    if (rest.field.length === 0) return this.replace(covering.field, before)
    // Of a document that was not there no field is wanted.
    if ((wanted === undefined && depth === 0) || leafAt(wanted, rest.field).isBlocked) return
    this.replace(covering.field, this.#wantedWith(wanted, rest, before))
  }

  #wantedWith(
    wanted: Json | undefined,
    place: Pick<LeafEdit, 'field' | 'parents'>,
    leaf: Json | undefined,
  ): Json | undefined {
    if (leaf !== undefined) return fieldSetter(this.#copies)(wanted, place.field, leaf)
    if (wanted === undefined || leafAt(wanted, place.field).leaf === undefined) return wanted
    const removed = removedField(wanted, place)
    return removed.length === 0 ? undefined : deleteField(wanted, removed, this.#copies)
  }

  /** The kept field at or above a field. */
  #covering(field: FieldPath): WantedField | null {
    for (let length = field.length; length >= 0; length--) {
      const found = this.#fields.get(jsonPointer(field.slice(0, length)))
      if (found !== undefined) return found
    }
    return null
  }
}

/** The value with a leaf, or without it when it is undefined. Parts in `copies` change in place. */
function withLeaf(
  value: Json,
  field: FieldPath,
  { leaf, copies }: { readonly leaf: Json | undefined; readonly copies: Copies },
): Json {
  return leaf === undefined ? (deleteField(value, field, copies) ?? value) : fieldSetter(copies)(value, field, leaf)
}
