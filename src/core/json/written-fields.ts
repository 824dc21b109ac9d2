import { getField } from './field.ts'
import { isObject, type Json, type JsonObject } from './json.ts'
import { utf8Length } from '../path.ts'

/**
 * Most fields that one change names, and their UTF-8 bytes together: they lie beside the value in every version, and a
 * patch of one long key around many short ones would name megabytes.
 */
const MAX_FIELDS = 256
const MAX_FIELD_BYTES = 8_192

type FieldPart<T> = readonly [key: string, part: T]

/** What a part of a tree consists of; null for a leaf. */
export type PartsOf<T> = (part: T) => readonly FieldPart<T>[] | null

/** A place in the tree that is named by itself, or by what lies below it. */
interface WrittenPart<T> {
  readonly path: string
  readonly bytes: number
  readonly part: T
  /** The places that name it; none when its own path does. */
  below: readonly WrittenPart<T>[]
}

/**
 * Paths of a tree's leaves, from that of its root on (`''` is the whole value), or of the nearest places above them where the
 * leaves are more than the bounds allow: every leaf lies at or below one of the paths. A key that is no segment of a
 * path (empty, or with a slash) is named by the place that it lies in. Looks at each part once, and at none below what
 * is too much.
 */
export function writtenLeaves<T>(root: T, path: string, partsOf: PartsOf<T>): readonly string[] {
  const top: WrittenPart<T> = { path, bytes: utf8Length(path), part: root, below: [] }
  const places = [top]
  let [count, bytes] = [1, top.bytes]
  // Breadth first, so that what is large in one place leaves the others as they are. The list grows on the way.
  for (const place of places) {
    const parts = partsOf(place.part)
    if (parts === null || parts.length === 0 || count - 1 + parts.length > MAX_FIELDS) continue
    const below = parts.map(([key, part]) => toWrittenPart(place, key, part))
    const more = below.reduce((sum, each) => sum + each.bytes, -place.bytes)
    if (bytes + more > MAX_FIELD_BYTES) continue
    bytes += more
    count += below.length - 1
    place.below = below
    for (const each of below) if (each.path !== place.path) places.push(each)
  }
  return [...new Set(named(top))]
}

function toWrittenPart<T>(above: WrittenPart<T>, key: string, part: T): WrittenPart<T> {
  if (key === '' || key.includes('/')) return { ...above, part, below: [] }
  const path = above.path === '' ? key : `${above.path}/${key}`
  return { path, bytes: above.bytes + 1 + utf8Length(key), part, below: [] }
}

function named<T>({ path, below }: WrittenPart<T>): readonly string[] {
  return below.length === 0 ? [path] : below.flatMap(named)
}

/** The fields of two changes of one document, within the bounds; none, the whole value, where either wrote that. */
export function joinFields(earlier: readonly string[], later: readonly string[]): readonly string[] {
  if (earlier.length === 0 || later.length === 0) return []
  const fields = [...new Set([...earlier, ...later])]
  if (fields.length <= MAX_FIELDS && sizeOf(fields) <= MAX_FIELD_BYTES) return fields
  const leaves = writtenLeaves(treeOf(fields), '', (tree) => [...tree])
  return leaves.includes('') ? [] : leaves
}

/**
 * The fields of a change from `before` to `after`, where none lies below what it wrote: an object that it made and left
 * empty is named itself, and not by a key that it does not have.
 */
export function settledFields(fields: readonly string[], before: Json, after: Json): readonly string[] {
  const made = new Map<Json, boolean>()
  const isEmpty = (object: JsonObject): boolean => {
    const known = made.get(object) ?? Object.keys(object).length === 0
    made.set(object, known)
    return known
  }
  return [...new Set(fields.map((field) => settled(field, [before, after], isEmpty)))]
}

function settled(field: string, [before, after]: readonly [Json, Json], isEmpty: (object: JsonObject) => boolean): string {
  const segments = field.split('/')
  let [old, now]: [Json | undefined, Json | undefined] = [before, after]
  for (const [i, segment] of segments.entries()) {
    if (i > 0 && isObject(now) && !isObject(old) && isEmpty(now)) return segments.slice(0, i).join('/')
    old = getField(old ?? null, [segment])
    now = getField(now ?? null, [segment])
  }
  return field
}

function sizeOf(fields: readonly string[]): number {
  const units = fields.reduce((sum, field) => sum + field.length, 0)
  // A UTF-16 unit is one byte to three.
  return 3 * units <= MAX_FIELD_BYTES ? units : fields.reduce((sum, field) => sum + utf8Length(field), 0)
}

/** An empty one is a field that was written as a whole. */
type FieldTree = Map<string, FieldTree>

function treeOf(fields: readonly string[]): FieldTree {
  const root: FieldTree = new Map()
  for (const field of fields) plant(root, field.split('/'))
  return root
}

/** What lies below a field that was written as a whole is written with it. */
function plant(root: FieldTree, segments: readonly string[]): void {
  let tree = root
  segments.forEach((segment, i) => {
    const known = tree.get(segment)
    if (known !== undefined && known.size === 0) return void (tree = new Map())
    const next: FieldTree = known ?? new Map()
    tree.set(segment, next)
    tree = next
    if (i === segments.length - 1) next.clear()
  })
}
